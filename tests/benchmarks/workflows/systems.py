"""What every system of the benchmark computes (systems/work.py), as workflows that dispel4py 1.2.1 runs, too.

The last PE prints the answer."""

import os
import sys

from dispel4py.base import ConsumerPE, IterativePE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "systems"))
import work  # noqa: E402


class Source(GenericPE):
    """Numbers from 0 up to its input, or the arrays that come of them."""

    def __init__(self, kind):
        GenericPE.__init__(self)
        self.name = "source"
        self._add_input("input")
        self._add_output("output")
        self.kind = kind

    def process(self, inputs):
        for number in range(inputs["input"]):
            self.write("output", number if self.kind == "numbers" else work.array(number))


class AddOne(IterativePE):
    def _process(self, item):
        return item + 1


class CountAndSum(ConsumerPE):
    """How many items, and their sum."""

    def __init__(self):
        ConsumerPE.__init__(self)
        self.count = self.sum = 0

    def _process(self, item):
        self.count += 1
        self.sum += work.first(item)

    def postprocess(self):
        print("answer %d %d" % (self.count, self.sum), flush=True)


class Read(GenericPE):
    """The lines of a file."""

    def __init__(self):
        GenericPE.__init__(self)
        self.name = "source"
        self._add_input("input")
        self._add_output("line")

    def process(self, inputs):
        with open(inputs["input"]) as lines:
            for line in lines:
                self.write("line", line)


class Split(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("line")
        self._add_output("word")

    def process(self, inputs):
        for word in inputs["line"].split():
            self.write("word", (word, 1))


class Count(GenericPE):
    """The count of each word, at the end."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("word", grouping=[0])
        self._add_output("count")
        self.counts = {}

    def process(self, inputs):
        word, n = inputs["word"]
        self.counts[word] = self.counts.get(word, 0) + n

    def postprocess(self):
        for pair in self.counts.items():
            self.write("count", pair)


class Total(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)
        self.counts = []

    def _process(self, pair):
        self.counts.append(pair)

    def postprocess(self):
        print("answer %d %d %d" % tuple(work.of_counts(self.counts)), flush=True)


def pipeline(kind, apart=False):
    """Four PEs; with `apart` no two of them in one process."""
    graph = WorkflowGraph()
    pes = [Source(kind), AddOne(), AddOne(), CountAndSum()]
    for source, dest in zip(pes, pes[1:]):
        graph.connect(source, "output", dest, "input")
    if apart:
        graph.partitions = [[pe] for pe in pes]
    return graph


def word_count(apart=False):
    graph = WorkflowGraph()
    pes = [Read(), Split(), Count(), Total()]
    graph.connect(pes[0], "line", pes[1], "line")
    graph.connect(pes[1], "word", pes[2], "word")
    graph.connect(pes[2], "count", pes[3], "input")
    if apart:
        graph.partitions = [[pe] for pe in pes]
    return graph


numbers, numbers_apart = pipeline("numbers"), pipeline("numbers", apart=True)
arrays, arrays_apart = pipeline("arrays"), pipeline("arrays", apart=True)
words, words_apart = word_count(), word_count(apart=True)
