"""A chain that counts on the order of what arrives, and PEs that end the executor they run on."""

import os
import signal

from d4p import AllPairs, GenericPE, IterativePE, ProducerPE, WorkflowGraph


def end_executor():
    """Kill the Java above this Python worker: the executor, with all that it has written for others."""
    pid = os.getpid()
    while pid > 1:
        with open(f"/proc/{pid}/stat") as file:
            pid = int(file.read().rpartition(")")[2].split()[1])
        with open(f"/proc/{pid}/cmdline") as file:
            command = file.read()
        if "CoarseGrainedExecutorBackend" in command or "ExecutorBackend" in command:
            os.kill(pid, signal.SIGKILL)
            return
    raise RuntimeError("there is no executor above this process")


class Fuse:
    """Ends the executor at a PE's item, once: a file says that it has."""

    def __init__(self, at, marker):
        name, _, number = at.partition(":")
        self.name, self.number, self.marker = name, number, marker

    def burn(self, name, number):
        if name != self.name or str(number) != self.number:
            return
        try:
            os.close(os.open(self.marker, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        end_executor()


class Numbers(ProducerPE):
    def __init__(self, count):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        for i in range(self.count):
            self.write("output", (i * 7919 % 1000, i))


class Pass(IterativePE):
    """Hands items on; routed in turn, it burns the fuse at its own count."""

    stateful = False

    def __init__(self, name, fuse):
        IterativePE.__init__(self)
        self.name, self.fuse, self.seen = name, fuse, 0

    def _process(self, item):
        self.seen += 1
        self.fuse.burn(self.name, self.seen)
        return item


class Failing(Pass):
    """Raises for one item of a thousand."""

    def _process(self, item):
        Pass._process(self, item)
        if item[1] % 1000 == 0:
            raise ValueError(item[1])
        return item


def failing(at, marker):
    """A task is run again in which items failed before its executor was lost."""
    graph = WorkflowGraph()
    graph.connect(Numbers(20_000), "output", Failing("work", Fuse(at, marker)), "input")
    return graph


class Keyed(Pass):
    """Hands items on with the number of items of their key so far."""

    stateful = True

    def __init__(self, name, fuse):
        Pass.__init__(self, name, fuse)
        self.inputconnections["input"]["grouping"] = [0]
        self.counts = {}

    def _process(self, item):
        Pass._process(self, item)
        key, value = item
        self.counts[key] = self.counts.get(key, 0) + 1
        return key, value, self.counts[key]


class Totals(GenericPE):
    """(key, items, sum, greatest count) of each key, at the end."""

    def __init__(self, fuse):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("output")
        self.fuse, self.totals = fuse, {}

    def process(self, inputs):
        key, value, count = inputs["input"]
        items, total, most = self.totals.get(key, (0, 0, 0))
        self.totals[key] = items + 1, total + value, max(most, count)

    def postprocess(self):
        self.fuse.burn("totals", "end")
        for key, found in self.totals.items():
            self.write("output", (key, *found))


def chain(count=60_000, at="", marker=""):
    """numbers > mix x3 (in turn) > keyed x4 (by key) > spread x3 (in turn) > totals x2 (by key)."""
    fuse = Fuse(at, marker)
    numbers, mix, keyed, spread = Numbers(count), Pass("mix", fuse), Keyed("keyed", fuse), Pass("spread", fuse)
    totals = Totals(fuse)
    mix.numprocesses, keyed.numprocesses, spread.numprocesses, totals.numprocesses = 3, 4, 3, 2
    graph = WorkflowGraph()
    for source, dest in ((numbers, mix), (mix, keyed), (keyed, spread), (spread, totals)):
        graph.connect(source, "output", dest, "input")
    return graph


def pairs(count=60, at="", marker=""):
    """numbers > all pairs > pass, in tiles."""
    graph, made = WorkflowGraph(), AllPairs(order_by=1)
    graph.connect(Numbers(count), "output", made, "input")
    graph.connect(made, "output", Pass("pass", Fuse(at, marker)), "input")
    return graph


class OneKey(ProducerPE):
    def __init__(self, count):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        for i in range(self.count):
            self.write("output", ("one key", i))


class Streaming(GenericPE):
    """Adds up; says how much memory its process has used at most, in MB."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("input", grouping=[0])
        self._add_output("sum")
        self._add_output("megabytes")
        self.numprocesses = 2
        self.items = self.sum = 0

    def process(self, inputs):
        self.items += 1
        self.sum += inputs["input"][1]

    def postprocess(self):
        import resource

        self.write("sum", (self.items, self.sum))
        self.write("megabytes", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def one_key(count=5_000_000):
    """numbers with one key > streaming x2."""
    graph = WorkflowGraph()
    graph.connect(OneKey(count), "output", Streaming(), "input")
    return graph
