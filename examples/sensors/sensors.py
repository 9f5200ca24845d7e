"""The highest and the lowest temperature of each sensor: CSV files in, CSV files out.

    read > reading > extremes (3 instances, grouped by sensor) > write

`ReadCsv` and `WriteCsv` are library PEs of one's own: they split their files over instances, and are whole or not at
all, as the library's are.
"""

import csv
import io
from pathlib import Path

from d4p import IterativePE, WorkflowGraph
from d4p.library import Reader, Writer

DATA = Path(__file__).with_name("data")


class ReadCsv(Reader):
    """Writes each row of CSV files as a dict, by the names in a file's first row."""

    def plan_splits(self):
        return self.files()  # a file is a piece: where a row begins is known from the file's beginning alone

    def read(self, split):
        with self.open(split) as file:
            yield from csv.DictReader(io.TextIOWrapper(file, "utf-8", newline=""))


class WriteCsv(Writer):
    """Writes each item, a tuple, as a row of a CSV file."""

    suffix = ".csv"

    def encode(self, item):
        row = io.StringIO()
        csv.writer(row, lineterminator="\n").writerow(item)
        return row.getvalue().encode()


class Reading(IterativePE):
    """A row as (sensor, degrees Celsius). Rows without a temperature are left out."""

    def _process(self, row):
        if row["celsius"]:
            return row["sensor"], float(row["celsius"])


class Extremes(IterativePE):
    """Writes (sensor, lowest, highest) of the readings that come to this instance: all of a sensor do."""

    any_order = True  # the lowest and the highest don't depend on the order

    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.numprocesses = 3
        self.found = {}

    def _process(self, reading):
        sensor, celsius = reading
        low, high = self.found.get(sensor, (celsius, celsius))
        self.found[sensor] = min(low, celsius), max(high, celsius)

    def _postprocess(self):
        for sensor, (low, high) in self.found.items():
            self.write("output", (sensor, low, high))


def make(path=DATA, output="sensors-output"):
    """The workflow for a CSV file, a folder or a glob of them: `d4p run sensors.py:make -p path='2026/*.csv'`."""
    read, reading, extremes, write = ReadCsv(path), Reading(), Extremes(), WriteCsv(output)
    read.name, reading.name, extremes.name, write.name = "read", "reading", "extremes", "write"
    graph = WorkflowGraph()
    graph.connect(read, "output", reading, "input")
    graph.connect(reading, "output", extremes, "input")
    graph.connect(extremes, "output", write, "input")
    return graph


graph = make()
