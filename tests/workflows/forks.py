"""A PE that forks, whose children come back out of it, exit, raise, or end as they should."""

import os
import sys

from d4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        for number in range(8):
            self.write("output", number)


class Forks(IterativePE):
    """Gives each item with the exit status of the child that was forked for it."""

    numprocesses = 2

    def _process(self, item):
        child = os.fork()
        if child == 0:
            if item % 4 == 1:
                sys.exit(3)
            if item % 4 == 2:
                raise ValueError("in the child")
            if item % 4 == 3:
                os._exit(4)
            return item, "a second time"
        return item, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Last(GenericPE):
    """In a stage of its own."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping="global")
        self._add_output("output")

    def process(self, inputs):
        return {"output": inputs["input"]}


def make():
    graph, forks = WorkflowGraph(), Forks()
    graph.connect(Numbers(), "output", forks, "input")
    graph.connect(forks, "output", Last(), "input")
    return graph


def fused():
    """A stage that writes its results itself."""
    graph = WorkflowGraph()
    forks = Forks()
    forks.numprocesses = 1
    graph.connect(Numbers(), "output", forks, "input")
    return graph
