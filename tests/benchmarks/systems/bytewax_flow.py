"""Bytewax: its option is how many processes it runs in."""

import os
import subprocess
import sys
from importlib.metadata import version

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import TestingSource
from work import add_one, array, first, main, of_counts

BATCH = {"numbers": 1000, "arrays": 16}


class CountAndSum(StatelessSinkPartition):
    """What a worker's items come to; it says so at the end."""

    def __init__(self):
        self.count = self.sum = 0

    def write_batch(self, items):
        for item in items:
            self.count += 1
            self.sum += first(item)

    def close(self):
        print("part", self.count, self.sum, flush=True)


class Counts(StatelessSinkPartition):
    def __init__(self):
        self.pairs = []

    def write_batch(self, items):
        self.pairs += items

    def close(self):
        print("part", *of_counts(self.pairs), flush=True)


class Sink(DynamicSink):
    def __init__(self, partition):
        self.partition = partition

    def build(self, step_id, worker_index, worker_count):
        return self.partition()


def dataflow(kind, given):
    flow = Dataflow(kind)
    if kind == "words":
        lines = op.input("lines", flow, FileSource(given, batch_size=1000))
        words = op.flat_map("split", lines, str.split)
        counts = op.count_final("count", words, lambda word: word)
        op.output("out", counts, Sink(Counts))
        return flow
    numbers = range(int(given))
    source = numbers if kind == "numbers" else map(array, numbers)
    items = op.input("source", flow, TestingSource(source, BATCH[kind]))
    items = op.map("first", items, add_one)
    items = op.map("second", items, add_one)
    op.output("out", items, Sink(CountAndSum))
    return flow


def answer(kind, given, processes="1"):
    """What the workers say at their end."""
    if processes != "1":
        command = ["-m", "bytewax.testing", f"bytewax_flow:dataflow('{kind}', '{given}')", "-p", processes]
    else:
        command = ["-m", "bytewax.run", f"bytewax_flow:dataflow('{kind}', '{given}')"]
    done = subprocess.run([sys.executable, *command], cwd=os.path.dirname(os.path.abspath(__file__)), check=True,
                          stdout=subprocess.PIPE, text=True)
    parts = [[int(part) for part in line.split()[1:]] for line in done.stdout.splitlines() if line.startswith("part")]
    found = [sum(column) for column in zip(*parts, strict=True)]
    return [found[0], found[1], found[2] % (1 << 32)] if kind == "words" else found


if __name__ == "__main__":
    main(f"Bytewax {version('bytewax')}", answer)
