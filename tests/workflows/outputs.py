"""Workflows that write, for tests of what is left of a run that is killed, run again or full.

`folder` is where they read and write, and `trace` a folder where each instance of `Trace` leaves a file when it begins.
"""

import os
import signal
import time
import uuid

from d4p import IterativePE, ProducerPE, ReadLines, WorkflowGraph, WriteRecords, WriteText


class Trace(IterativePE):
    """Hands items on, and says that it ran."""

    stateful = False

    def __init__(self, trace=None):
        IterativePE.__init__(self)
        self.trace = trace

    def preprocess(self):
        if self.trace is not None:
            open(os.path.join(self.trace, f"{self.rank}.{uuid.uuid4().hex}"), "w").close()

    def _process(self, line):
        return line.upper()


class Slow(Trace):
    """Takes its time, so that a run can be killed at any of many points; each instance another."""

    def _process(self, line):
        time.sleep(0.002 * (1 + self.rank))
        return line.upper()


class Dies(Trace):
    """Instance 2 kills its own process (`how` "kill") or raises, once: as soon as the others' parts are complete."""

    def __init__(self, how, folder, trace):
        Trace.__init__(self, trace)
        self.how, self.attempts = how, os.path.join(folder, ".out.d4p-unfinished", "attempts")

    def _process(self, line):
        flag = os.path.join(self.trace, "died")
        if self.rank == 2 and not os.path.exists(flag):
            while sum(name.startswith("part-") for name in os.listdir(self.attempts)) < 3:
                time.sleep(0.01)
            open(flag, "w").close()
            if self.how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise ValueError("once")
        return line.upper()


def copy(folder="", trace=None, pe=None, encoding="utf-8"):
    """Every instance reads, works and writes for itself; text that isn't UTF-8 is read by d4p itself on every target."""
    graph = WorkflowGraph()
    read, work = ReadLines(os.path.join(folder, "in"), encoding, split_bytes=200), pe or Trace(trace)
    graph.connect(read, "output", work, "input")
    graph.connect(work, "output", WriteText(os.path.join(folder, "out")), "input")
    return graph


def slow(folder="", trace=None):
    return copy(folder, pe=Slow(trace), encoding="latin-1")


def dies(how, folder, trace):
    return copy(folder, pe=Dies(how, folder, trace), encoding="latin-1")


class Pairs(IterativePE):
    """A typed port; `odd` is an item that isn't of its type."""

    def __init__(self, odd=None):
        IterativePE.__init__(self)
        self._add_output("output", tuple_type=[("word", str), ("count", int)])
        self.odd = odd

    def _process(self, i):
        return (f"w{i}", float(i)) if i == self.odd else (f"w{i}", i)


class Numbers(ProducerPE):
    def __init__(self, count):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        for i in range(self.count):
            self.write("output", i)


def typed(count=100, odd=None, instances=2):
    """Results with a schema."""
    graph = WorkflowGraph()
    pairs = Pairs(odd)
    pairs.numprocesses = instances
    graph.connect(Numbers(count), "output", pairs, "input")
    return graph


def both(folder="", trace=None, count=100):
    """Two writers, one behind an exchange, and a result."""
    graph = WorkflowGraph()
    numbers, plus = Numbers(count), Plus()
    plus.numprocesses = 3
    graph.connect(numbers, "output", WriteText(os.path.join(folder, "text")), "input")
    graph.connect(numbers, "output", plus, "input")
    graph.connect(plus, "output", WriteRecords(os.path.join(folder, "records")), "input")
    graph.connect(numbers, "output", Fails(trace), "input")
    return graph


class Plus(IterativePE):
    def _process(self, i):
        return i + 1


class Fails(IterativePE):
    """A result. With `trace` the first attempt fails."""

    stateful = False

    def __init__(self, trace):
        IterativePE.__init__(self)
        self.flag = trace and os.path.join(trace, "failed")

    def _process(self, i):
        if i == 50 and self.flag and not os.path.exists(self.flag):
            open(self.flag, "w").close()
            raise ValueError("once")
        return [i]


class Arrival(IterativePE):
    """As its instances begin, more files come into the folder that is read."""

    stateful = False

    def __init__(self, folder):
        IterativePE.__init__(self)
        self.folder = folder

    def preprocess(self):
        for number in range(self.rank + 1):
            with open(os.path.join(self.folder, f"{number}-{self.rank}.txt"), "w") as file:
                file.write("late\n")

    def _process(self, line):
        return line


def arrivals(folder=""):
    """Two readers of one folder into a PE of as many instances."""
    first, second, arrival = ReadLines(folder), ReadLines(folder), Arrival(folder)
    for pe in (first, second, arrival):
        pe.numprocesses = 3
    graph = WorkflowGraph()
    graph.connect(first, "output", arrival, "input")
    graph.connect(second, "output", arrival, "input")
    return graph
