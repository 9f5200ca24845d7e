"""Workflows one of whose workers dies, each in its own way and at a place that is known."""

import ctypes
import os
import signal
import subprocess
import sys
import time

from d4p import GenericPE, IterativePE, ProducerPE, ReadFiles, WorkflowGraph, WriteText


def die(how):
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "exit":
        os._exit(7)
    elif how == "segfault":
        ctypes.string_at(8)
    elif how == "abort":
        os.abort()


class Numbers(ProducerPE):
    def __init__(self, count=100):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        for i in range(self.count):
            self.write("output", i)


class Dies(IterativePE):
    """Hands items on, and dies at item number `at` of its own, or in a phase of that name."""

    def __init__(self, how="kill", at=5, rank=0):
        IterativePE.__init__(self)
        self.how, self.at, self.only, self.seen = how, at, rank, 0
        self.numprocesses = 2

    def _at(self, what):
        if what == self.at and self.rank == self.only:
            die(self.how)

    def _preprocess(self):
        self._at("preprocess")

    def _process(self, item):
        self.seen += 1
        self._at(self.seen)
        return item

    def _postprocess(self):
        self._at("postprocess")


class Last(GenericPE):
    """Two ports, whose items count together."""

    def __init__(self, how=None, at=None):
        GenericPE.__init__(self)
        self._add_input("left", grouping="global")
        self._add_input("right", grouping="global")
        self._add_output("output")
        self.how, self.at, self.seen = how, at, 0

    def process(self, inputs):
        self.seen += 1
        if self.seen == self.at:
            die(self.how)


def chain(how="kill", at=5, rank=0, instances=2):
    """Numbers | Dies > WriteText x2."""
    graph = WorkflowGraph()
    dies, write = Dies(how, at, rank), WriteText("out")
    dies.numprocesses = write.numprocesses = instances
    graph.connect(Numbers(), "output", dies, "input")
    graph.connect(dies, "output", write, "input")
    return graph


def two_ports(at=17):
    """Numbers | Dies x2 | Last.left, and Numbers | Last.right."""
    graph = WorkflowGraph()
    numbers, dies, last = Numbers(), Dies(at=None), Last("kill", at)
    graph.connect(numbers, "output", dies, "input")
    graph.connect(dies, "output", last, "left")
    graph.connect(numbers, "output", last, "right")
    return graph


def mixed(at=117):
    """Numbers > Last.left in one stage, whose Last takes items of a channel as well: Numbers | Dies x2 | Last.right."""
    graph = WorkflowGraph()
    own, other, dies, last = Numbers(), Numbers(), Dies(at=None), Last("kill", at)
    graph.connect(own, "output", last, "left")
    graph.connect(other, "output", dies, "input")
    graph.connect(dies, "output", last, "right")
    graph.partitions = [[own, last], [other], [dies]]
    return graph


class Reads(GenericPE):
    """A root that takes its items from the command line."""

    def __init__(self):
        GenericPE.__init__(self)
        self._add_output("output")

    def process(self, inputs):
        if inputs.get("die"):
            die("kill")
        return {"output": inputs}


def root():
    graph = WorkflowGraph()
    graph.connect(Reads(), "output", Dies(at=None), "input")
    return graph


class Stuck(IterativePE):
    """Takes one item and no more, so that what feeds it comes to a full channel."""

    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = "global"

    def _process(self, item):
        time.sleep(1000)


class Tells(IterativePE):
    """Writes its process's number into a file named by its instance, a byte an item into another, and hands items on."""

    def __init__(self, folder, size=0):
        IterativePE.__init__(self)
        self.folder, self.size = folder, size
        self.numprocesses = 2

    def _preprocess(self):
        with open(os.path.join(self.folder, "%d.new" % self.rank), "w") as file:
            file.write(str(os.getpid()))
        os.rename(file.name, os.path.join(self.folder, str(self.rank)))
        self.items = open(os.path.join(self.folder, "%d.items" % self.rank), "wb", buffering=0)

    def _process(self, item):
        self.items.write(b".")
        return bytes(self.size)


def full(folder):
    """Numbers | Tells x2 | Stuck: both instances of Tells write to one channel that nobody empties."""
    graph = WorkflowGraph()
    tells = Tells(folder, 1 << 20)
    graph.connect(Numbers(10_000), "output", tells, "input")
    graph.connect(tells, "output", Stuck(), "input")
    return graph


class HasChildren(Tells):
    """Starts two processes of its own, which hold every pipe that they were given."""

    def _preprocess(self):
        self.children = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], close_fds=False)]
        child = os.fork()
        if child == 0:
            time.sleep(1000)
            os._exit(0)
        Tells._preprocess(self)

    def _process(self, item):
        time.sleep(1000)


class Late(ProducerPE):
    def _process(self, inputs):
        time.sleep(1000)


def waits(folder):
    """Late | Tells x2, which get nothing."""
    graph = WorkflowGraph()
    graph.connect(Late(), "output", Tells(folder), "input")
    return graph


def read(path):
    if path.endswith("2"):
        die("kill")
    return path


def fetched():
    """A reader of files in another file system, which it gets copies of."""
    import fsspec

    for name in "01234":
        fsspec.filesystem("memory").pipe("/fetched/" + name, b"")
    graph = WorkflowGraph()
    reader = ReadFiles("memory://fetched", reader=read)
    reader.numprocesses = 1
    graph.connect(reader, "output", Dies(at=None), "input")
    return graph


def files():
    """A reader of the files 0 to 4 that dies at the third."""
    graph = WorkflowGraph()
    reader = ReadFiles("../files", reader=read)
    reader.numprocesses = 1
    graph.connect(reader, "output", Dies(at=None), "input")
    return graph


def children(folder):
    graph = WorkflowGraph()
    graph.connect(Numbers(), "output", HasChildren(folder), "input")
    return graph
