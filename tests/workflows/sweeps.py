"""A source, some walks, and a sum of them; one of the walks waits for what others do meanwhile."""

from __future__ import annotations

import os
import time

import numpy as np

from d4p import IterativePE, ProducerPE, WorkflowGraph


class Steps(ProducerPE):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def _process(self, inputs):
        for i in range(self.count):
            self.write("output", i)


class Walk(IterativePE):
    """Item `held` waits until item `until` has been walked."""

    def __init__(self, folder: str, held: int, until: int) -> None:
        super().__init__()
        self.folder, self.held, self.until = folder, held, until

    def _process(self, item):
        if item == self.until:
            open(os.path.join(self.folder, "walked"), "x").close()
        if item == self.held:
            wait_for(os.path.join(self.folder, "walked"))
        return item, os.getpid()


class Stroll(IterativePE):
    """Keeps nothing and says nothing of how many instances there are."""

    def _process(self, item):
        return item, os.getpid()


class Late(IterativePE):
    """Writes each item, with an array of some bytes, and begins with item `held` only to wait until the one before it
    has been seen."""

    def __init__(self, folder: str, held: int, size: int) -> None:
        super().__init__()
        self.folder, self.held, self.size = folder, held, size

    def _process(self, item):
        if item == self.held:
            wait_for(os.path.join(self.folder, "seen"))
        return item, np.zeros(self.size, np.uint8)


class Seen(IterativePE):
    """Counts what it sees."""

    def __init__(self, folder: str, held: int) -> None:
        super().__init__()
        self.folder, self.held, self.count = folder, held, 0

    def _process(self, item):
        self.count += 1
        if item[0] == self.held - 1:
            open(os.path.join(self.folder, "seen"), "x").close()

    def _postprocess(self):
        self.write("output", self.count)


class Hash(IterativePE):
    """A hash of all that came, in order, and the processes that walked."""

    def __init__(self) -> None:
        super().__init__()
        self.known, self.walked = 0, {}

    def _process(self, item):
        number, process = item
        self.known = (self.known * 1_000_003 + number) % (1 << 61)
        self.walked[process] = self.walked.get(process, 0) + 1

    def _postprocess(self):
        self.write("output", (self.known, sorted(self.walked.values())))


def wait_for(path: str) -> None:
    """Wait for a file. Fails where nobody makes it."""
    last = time.monotonic() + 30
    while not os.path.exists(path):
        if time.monotonic() > last:
            raise TimeoutError(f"nobody made {path}")
        time.sleep(0.001)


def make(folder: str, instances: int = 2, count: int = 400, held: int = 0, until: int = 51) -> WorkflowGraph:
    """Items are dealt in turn while they are few, so an odd one goes to another instance than an even one."""
    graph, walk = WorkflowGraph(), Walk(folder, held, until)
    walk.numprocesses = instances
    graph.connect(Steps(count), "output", walk, "input")
    graph.connect(walk, "output", Hash(), "input")
    return graph


def wide(count: int = 400) -> WorkflowGraph:
    graph, walk = WorkflowGraph(), Stroll()
    graph.connect(Steps(count), "output", walk, "input")
    graph.connect(walk, "output", Hash(), "input")
    return graph


def late(folder: str, count: int = 1500, held: int = 1200, size: int = 1) -> WorkflowGraph:
    graph, between = WorkflowGraph(), Late(folder, held, size)
    graph.connect(Steps(count), "output", between, "input")
    graph.connect(between, "output", Seen(folder, held), "input")
    return graph
