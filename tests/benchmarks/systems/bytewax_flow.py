"""Bytewax: its option is how many processes it runs in."""

import os
import subprocess
import sys
from importlib.metadata import version
from itertools import islice

import bytewax.operators as op
from bytewax.connectors.files import FileSource
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from work import add_one, array, first, main, of_counts

BATCH = {"numbers": 1000, "arrays": 16}


def say(*part):
    """A worker's share of the answer, in one piece: others write there, too."""
    os.write(1, f"part {' '.join(map(str, part))}\n".encode())


class CountAndSum(StatelessSinkPartition):
    """What a worker's items come to; it says so at the end."""

    def __init__(self):
        self.count = self.sum = 0

    def write_batch(self, items):
        for item in items:
            self.count += 1
            self.sum += first(item)

    def close(self):
        say(self.count, self.sum)


class Counts(StatelessSinkPartition):
    def __init__(self):
        self.pairs = []

    def write_batch(self, items):
        self.pairs += items

    def close(self):
        say(*of_counts(self.pairs))


class Share(StatefulSourcePartition):
    """A range of the numbers, or the arrays that come of them."""

    def __init__(self, kind, first, last):
        self.items = iter(range(first, last)) if kind == "numbers" else map(array, range(first, last))
        self.batch = BATCH[kind]

    def next_batch(self):
        batch = list(islice(self.items, self.batch))
        if not batch:
            raise StopIteration
        return batch

    def snapshot(self):
        return None


class Shares(FixedPartitionedSource):
    """So many shares, which Bytewax gives to its workers."""

    def __init__(self, kind, items, shares):
        self.kind, self.items, self.shares = kind, items, shares

    def list_parts(self):
        return [str(number) for number in range(self.shares)]

    def build_part(self, step_id, for_part, resume_state):
        number = int(for_part)
        return Share(self.kind, self.items * number // self.shares, self.items * (number + 1) // self.shares)


class Sink(DynamicSink):
    def __init__(self, partition):
        self.partition = partition

    def build(self, step_id, worker_index, worker_count):
        return self.partition()


def dataflow(kind, given, processes):
    flow = Dataflow(kind)
    if kind == "words":
        lines = op.input("lines", flow, FileSource(given, batch_size=1000))
        words = op.flat_map("split", lines, str.split)
        counts = op.count_final("count", words, lambda word: word)
        op.output("out", counts, Sink(Counts))
        return flow
    items = op.input("source", flow, Shares(kind, int(given), processes))
    items = op.map("first", items, add_one)
    items = op.map("second", items, add_one)
    op.output("out", items, Sink(CountAndSum))
    return flow


def answer(kind, given, processes="1"):
    """What the workers say at their end."""
    command = ["-m", "bytewax.testing" if processes != "1" else "bytewax.run",
               f"bytewax_flow:dataflow('{kind}', '{given}', {processes})"]
    if processes != "1":
        command += ["-p", processes]
    done = subprocess.run([sys.executable, *command], cwd=os.path.dirname(os.path.abspath(__file__)), check=True,
                          stdout=subprocess.PIPE, text=True)
    parts = [[int(part) for part in line.split()[1:]] for line in done.stdout.splitlines() if line.startswith("part")]
    found = [sum(column) for column in zip(*parts, strict=True)]
    return [found[0], found[1], found[2] % (1 << 32)] if kind == "words" else found


if __name__ == "__main__":
    main(f"Bytewax {version('bytewax')}", answer)
