"""Workflows for the engine mpi: many instances that feed each other in more than one way."""

from __future__ import annotations

import ctypes
import os
import signal
import time

import numpy as np

from d4p import GenericPE, IterativePE, ProducerPE, WorkflowGraph


class Source(ProducerPE):
    """Small items and large ones."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__()
        self.count, self.size = count, size

    def _process(self, inputs):
        for i in range(self.count):
            self.write("output", (i, np.full(self.size if i % 3 == 0 else 2, i, np.float32)))


class Spread(IterativePE):
    """Each item becomes several, of which it changes one."""

    def __init__(self, instances: int) -> None:
        super().__init__()
        self.numprocesses = instances

    def _process(self, item):
        number, array = item
        for k in range(3):
            self.write("output", (number * 3 + k, array.copy()))
        array += 1
        return number, array


class Sums(GenericPE):
    """By remainder, the sum and the number of what came in at two ports."""

    def __init__(self, instances: int, port: str, grouping) -> None:
        super().__init__()
        self._add_input("first", grouping=[0])
        self._add_input(port, grouping=grouping)
        self._add_output("sums")
        self.numprocesses = instances
        self.sums: dict[int, tuple[int, float]] = {}

    def process(self, inputs):
        ((number, array),) = inputs.values()
        count, total = self.sums.get(number % 5, (0, 0.0))
        self.sums[number % 5] = count + 1, total + float(array.sum())
        array[:] = -1  # its own

    def postprocess(self):
        for remainder, (count, total) in sorted(self.sums.items()):
            self.write("sums", (remainder, np.array([count, total])))


class Last(GenericPE):
    """The sums of all, in the end."""

    def __init__(self) -> None:
        super().__init__()
        self._add_input("sums", grouping="global")
        self._add_output("output")
        self.found: dict[int, np.ndarray] = {}

    def process(self, inputs):
        remainder, pair = inputs["sums"]
        self.found[remainder] = self.found.get(remainder, np.zeros(2)) + pair

    def postprocess(self):
        self.write("output", {key: pair.tolist() for key, pair in sorted(self.found.items())})


def tangled(count: int = 300, size: int = 6000) -> WorkflowGraph:
    """12 instances: a source, two spreads of 3, two sums of 2 that take from several stages, and what adds it up."""
    graph = WorkflowGraph()
    source, one, two = Source(count, size), Spread(3), Spread(3)
    left, right, last = Sums(2, "other", "all"), Sums(2, "other", "global"), Last()
    graph.connect(source, "output", one, "input")
    graph.connect(one, "output", two, "input")
    graph.connect(one, "output", left, "first")
    graph.connect(source, "output", left, "other")
    graph.connect(two, "output", right, "first")
    graph.connect(one, "output", right, "other")
    graph.connect(left, "sums", last, "sums")
    graph.connect(right, "sums", last, "sums")
    return graph


class Chain(IterativePE):
    def _process(self, item):
        return item


def chain(length: int, count: int = 500) -> WorkflowGraph:
    """Stages of one instance each, one behind the other: as many may wait within each other on a rank."""
    graph = WorkflowGraph()
    before = Source(count, 3000)
    for i in range(length):
        pe = Chain()
        pe.numprocesses = 1 + i % 2
        graph.connect(before, "output", pe, "input")
        before = pe
    return graph


class Endless(ProducerPE):
    def _process(self, inputs):
        for i in range(10**9):
            self.write("output", i)


class Ends(IterativePE):
    """At item 1999, the thousandth of instance 1, as it keeps state: raises, is killed, reaches for memory that isn't
    there, or waits."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.numprocesses, self.last = how, 2, 0

    def _process(self, item):
        self.last = item
        if item == 1999:
            print(f"now: {self.how}")
            if self.how == "raise":
                raise ValueError("no such number: 1999")
            if self.how == "kill":
                time.sleep(0.5)
                os.kill(os.getpid(), signal.SIGKILL)
            if self.how == "fault":
                ctypes.string_at(0)
            time.sleep(1000)
        return item


class Busy(IterativePE):
    """Works on its first item for a while, without a word to anybody."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.numprocesses = seconds, 1

    def _process(self, item):
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            pass
        self.seconds = 0


def ends(how: str, busy: float = 0.0) -> WorkflowGraph:
    """Instances 0 (root), 1 and 2 (Ends), 3 (Busy)."""
    graph = WorkflowGraph()
    source, ending, behind = Endless(), Ends(how), Busy(busy)
    graph.connect(source, "output", ending, "input")
    graph.connect(ending, "output", behind, "input")
    return graph


class Ahead(ProducerPE):
    """Writes `count` items of 64 KiB, and a byte for each into a file once it was written."""

    def __init__(self, folder: str, count: int) -> None:
        super().__init__()
        self.folder, self.count = folder, count

    def _process(self, inputs):
        with open(os.path.join(self.folder, "written"), "wb", buffering=0) as written:
            for _ in range(self.count):
                self.write("output", bytes(64 << 10))
                written.write(b".")


class Slow(IterativePE):
    """Works on its first item until its producer gets no further; says how many that has written, and how many came."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder, self.came, self.ahead = folder, 0, 0

    def _process(self, item):
        self.came += 1
        last = time.monotonic() + 30
        still = time.monotonic() + 1
        while self.came == 1 and time.monotonic() < min(still, last):
            now = os.path.getsize(os.path.join(self.folder, "written"))
            if now != self.ahead:
                self.ahead, still = now, time.monotonic() + 1
            time.sleep(0.01)

    def _postprocess(self):
        self.write("output", (self.ahead, self.came))


def slow(folder: str, count: int) -> WorkflowGraph:
    """A producer that is faster than its consumer, each in a process of its own."""
    graph = WorkflowGraph()
    ahead, behind = Ahead(folder, count), Slow(folder)
    graph.connect(ahead, "output", behind, "input")
    graph.partitions = [[ahead], [behind]]
    return graph


class Apart(IterativePE):
    def _process(self, item):
        return item


def results(count: int = 2000) -> WorkflowGraph:
    """Results on several ranks: more than is fetched at a time is tried with a small piece."""
    graph = WorkflowGraph()
    source, apart = Source(count, 50), Apart()
    apart.numprocesses = 3
    graph.connect(source, "output", apart, "input")
    return graph
