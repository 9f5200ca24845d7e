"""PEs whose processes are killed while they are at work."""

from __future__ import annotations

import os
import signal

from d4p import GenericPE, IterativePE, ProducerPE, ReadLines, Skip, WorkflowGraph, WriteArrow, WriteRecords

MANY = 20_000


def die_once(marker: str) -> None:
    """Kill this process, but for the second time that it comes to this."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(MANY):
            self.write("output", number)


class Work(IterativePE):
    """Writes twice for each number; is killed at some, after the first of it."""

    stateful = False
    on_error = Skip()

    def __init__(self, folder, deaths):
        IterativePE.__init__(self)
        self.folder, self.deaths = folder, deaths

    def _process(self, number):
        self.write("output", (number % 5, number))
        if number in self.deaths:
            die_once(os.path.join(self.folder, f"{number}.died"))
        if number == -1:
            os.kill(os.getpid(), signal.SIGKILL)
        if number % 5000 == 1:
            raise ValueError(number)
        return (number % 5, -number)


class Listing(GenericPE):
    """Lists by key what has come, in order; is killed at one where it is told to."""

    def __init__(self, folder="", death=None):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.folder, self.death = folder, death
        self.lists = {}

    def process(self, inputs):
        key, number = inputs["input"]
        if number == self.death:
            die_once(os.path.join(self.folder, "listing.died"))
        self.lists.setdefault(key, []).append(number)

    def postprocess(self):
        for key, numbers in self.lists.items():
            self.write("output", (key, numbers))


class Poisoned(Numbers):
    def _process(self, inputs):
        self.write("output", -1)


def working(folder, deaths=(100, 9_000, 9_001, 19_999), death=None, poison=False):
    graph = WorkflowGraph()
    work, listing = Work(folder, tuple(deaths)), Listing(folder, death)
    graph.connect(Poisoned() if poison else Numbers(), "output", work, "input")
    graph.connect(work, "output", listing, "input")
    return graph


def stored(folder, path, kind, deaths=(100, 9_000, 19_999)):
    """What dies has the writer of a file that can't be gone on with."""
    graph = WorkflowGraph()
    writer = WriteArrow(path) if kind == "arrow" else WriteRecords(
        path, "parquet", [("key", int), ("number", str if kind == "misfit" else int)])
    numbers, work = Numbers(), Work(folder, tuple(deaths))
    graph.connect(numbers, "output", work, "input")
    graph.connect(work, "output", writer, "input")
    graph.partitions = [[numbers], [work, writer]]
    return graph


class Lines(IterativePE):
    stateful = False

    def __init__(self, folder):
        IterativePE.__init__(self)
        self.folder = folder

    def _process(self, line):
        self.write("output", (0, line))
        if line == "line 17000":
            die_once(os.path.join(self.folder, "lines.died"))


def reading(path, folder):
    """A reader is killed in the midst of a split, of which much has gone on."""
    graph = WorkflowGraph()
    reader, lines, listing = ReadLines(path), Lines(folder), Listing()
    graph.connect(reader, "output", lines, "input")
    graph.connect(lines, "output", listing, "input")
    graph.partitions = [[reader, lines], [listing]]
    return graph
