"""A task of which Spark starts a second copy, since the first takes so much longer than the others."""

import time
from pathlib import Path

from d4p import IterativePE, ProducerPE, WorkflowGraph


class Numbers(ProducerPE):
    def _process(self, inputs):
        for i in range(400):
            self.write("output", i)


class Slow(IterativePE):
    """Its last instance waits in its first attempt, when half of its items are written; each attempt leaves a note."""

    def __init__(self, notes, target):
        IterativePE.__init__(self)
        self.numprocesses = 4
        self.notes, self.target = notes, target
        self.seen = 0

    def preprocess(self):
        if self.notes and self.target != "sequential":
            from pyspark import TaskContext

            self.attempt = TaskContext.get().attemptNumber()
            (Path(self.notes) / f"{self.rank}-{self.attempt}").touch()
        else:
            self.attempt = 1

    def _process(self, number):
        self.seen += 1
        if self.rank == 3 and self.attempt == 0 and self.seen == 50:
            time.sleep(600)
        return {"n": number, "square": number * number}


def make(notes="", target="spark"):
    """Numbers > Slow x4."""
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", Slow(notes, target), "input")
    return graph
