"""PEs that log much at once, and one that reads what comes in. Nothing here knows of d4p."""


import sys

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph

#: More than a pipe takes in one piece, than a buffer holds, and nothing.
LENGTHS = (5_000, 40_000, 0)


class Logs(IterativePE):
    """Lines of four instances at once."""

    def __init__(self):
        IterativePE.__init__(self)
        self.numprocesses = 4

    def _process(self, item):
        for i in range(400):
            self.log("<%s>" % (chr(ord("a") + self.rank) * (LENGTHS[i % 20] if i % 20 < len(LENGTHS) else 10)))


class Four(ProducerPE):
    def _process(self, inputs):
        for i in range(4):
            self.write("output", i)


def logs():
    graph = WorkflowGraph()
    graph.connect(Four(), "output", Logs(), "input")
    return graph


class Reads(ProducerPE):
    """A root that takes its items from what comes in."""

    def _process(self, inputs):
        for line in sys.stdin:
            self.write("output", line.strip())


class More(IterativePE):
    """Not a root, and of several instances."""

    def __init__(self):
        IterativePE.__init__(self)
        self.numprocesses = 2

    def _process(self, item):
        return sys.stdin.readline()


class Asks(Reads):
    def _process(self, inputs):
        return input()


class Same(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = "global"

    def _process(self, item):
        return item


def reads(how):
    """Read by one instance; by two; by two PEs."""
    graph = WorkflowGraph()
    same = Same()
    if how == "instances":
        more = More()
        graph.connect(Four(), "output", more, "input")
        graph.connect(more, "output", same, "input")
        return graph
    graph.connect(Reads(), "output", same, "input")
    if how == "pes":
        graph.connect(Asks(), "output", same, "input")
    return graph
