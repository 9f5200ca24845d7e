"""PEs that put something else in the place of sys.stdout and sys.stderr, and leave it there."""

import io
import sys

from d4p import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(4):
            self.write("output", number)


class Silences(IterativePE):
    numprocesses = 2

    def __init__(self, how):
        IterativePE.__init__(self)
        self.how = how

    def _process(self, item):
        sys.stdout = sys.stderr = {"nothing": None, "elsewhere": io.StringIO(), "no stream": object()}[self.how]
        if self.how != "no stream":
            self.log(f"item {item}")
        return item


def make(how):
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Silences(how), "input")
    return graph
