"""The work of systems/work.py as d4p's own PEs have it: a source that is read in splits, by so many instances.

The last PEs print their shares of the answer."""

import os
import sys
from collections import Counter

from d4p import ConsumerPE, GenericPE, IterativePE, ReadLines, WorkflowGraph

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "systems"))
import work  # noqa: E402

SPLITS = 8


def say(*part):
    """An instance's share of the answer, in one piece: others write there, too."""
    os.write(1, f"answer {' '.join(map(str, part))}\n".encode())


class Range(GenericPE):
    """A reader of the numbers from 0 up to `items`, or of the arrays that come of them."""

    stateful = False

    def __init__(self, kind, items):
        GenericPE.__init__(self)
        self._add_output("output")
        self.kind, self.items = kind, items

    def check_input(self):
        pass

    def input_files(self):
        return []

    def plan_splits(self):
        return [(self.items * i // SPLITS, self.items * (i + 1) // SPLITS) for i in range(SPLITS)]

    def read(self, split):
        return iter(range(*split)) if self.kind == "numbers" else map(work.array, range(*split))


class AddOne(IterativePE):
    def _process(self, item):
        return item + 1


class CountAndSum(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)
        self.count = self.sum = 0

    def _process(self, item):
        self.count += 1
        self.sum += work.first(item)

    def postprocess(self):
        say(self.count, self.sum)


class Tally(GenericPE):
    """Counts the words of the lines that come to this instance."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("line")
        self._add_output("count")
        self.counts = Counter()

    def process(self, inputs):
        self.counts.update(inputs["line"].split())

    def postprocess(self):
        for pair in self.counts.items():
            self.write("count", pair)


class Count(GenericPE):
    """Adds up the counts of each word."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("count", grouping=[0])
        self.counts = {}

    def process(self, inputs):
        word, n = inputs["count"]
        self.counts[word] = self.counts.get(word, 0) + n

    def postprocess(self):
        say(*work.of_counts(self.counts.items()))


def chain(instances, *pes):
    """Each of them as so many instances."""
    graph = WorkflowGraph()
    for pe in pes:
        pe.numprocesses = instances
    for source, dest in zip(pes, pes[1:]):
        graph.connect(source, next(iter(source.outputconnections)), dest, next(iter(dest.inputconnections)))
    return graph


def numbers(given, instances):
    return chain(instances, Range("numbers", int(given)), AddOne(), AddOne(), CountAndSum())


def arrays(given, instances):
    return chain(instances, Range("arrays", int(given)), AddOne(), AddOne(), CountAndSum())


def words(given, instances):
    return chain(instances, ReadLines(given), Tally(), Count())
