"""What everybody writes first, with the processes and instances that were at work in what it gives."""

import os
import time

from d4p import AllPairs, IterativePE, ProducerPE, WorkflowGraph
from d4p.aggregate import parallelSum


class Tasks(ProducerPE):
    def __init__(self, count):
        ProducerPE.__init__(self)
        self.count = count

    def _process(self, inputs):
        for number in range(self.count):
            self.write("output", number)


class Walk(IterativePE):
    """Takes its time; gives a number and who was at work."""

    stateful = False  # the instance's number is for the test alone

    def _process(self, number):
        time.sleep(0.01)
        return 1 / (number + 1), os.getpid(), self.rank


class Reduce(IterativePE):
    """A sum that depends on the order of what is added up, and everybody who was at work."""

    def __init__(self):
        IterativePE.__init__(self)
        self.total, self.processes, self.instances = 0.0, set(), set()

    def _process(self, item):
        number, process, instance = item
        self.total = self.total * 1.000001 + number
        self.processes.add(process)
        self.instances.add(instance)

    def _postprocess(self):
        self.write("output", (self.total, len(self.processes), len(self.instances)))


class Square(IterativePE):
    def _process(self, number):
        time.sleep(0.002)
        return [number * number]


class Same(IterativePE):
    """Behind a group-by on a key that all items have, so that one instance gets all of them."""

    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.last = None

    def _process(self, item):
        self.last = item[1]
        return self.last


class Keyed(IterativePE):
    def _process(self, number):
        return "same", number


class Words(IterativePE):
    def _process(self, number):
        time.sleep(0.005)
        for n in range(5):
            self.write("output", (f"word{number * n % 40}", 1 / (number + 1)))


class Count(IterativePE):
    """For each word what came of it, in a sum that depends on its order, and who has it."""

    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.counts = {}

    def _process(self, item):
        word, number = item
        self.counts[word] = self.counts.get(word, 0.0) * 1.000001 + number

    def _postprocess(self):
        for word, count in self.counts.items():
            self.write("output", (word, count, os.getpid()))


class Some(IterativePE):
    """One, two or no item for each, in a time of its own."""

    def _process(self, number):
        time.sleep(number * 7 % 5 * 0.001)
        for n in range(number % 3):
            self.write("output", (number * 11 % 6, f"{number}-{n}"))


class Numbered(IterativePE):
    """With each item how many of its key there were before."""

    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = [0]
        self.seen = {}

    def _process(self, item):
        key, name = item
        self.seen[key] = self.seen.get(key, 0) + 1
        return name, self.seen[key]


def paired(count=30, grouped=False):
    """Tasks > Some > by key, if at all > every two of them, the first that came first"""
    graph = WorkflowGraph()
    tasks, some, numbered, pairs = Tasks(count), Some(), Numbered(), AllPairs()
    graph.connect(tasks, "output", some, "input")
    if grouped:
        graph.connect(some, "output", numbered, "input")
    graph.connect(numbered if grouped else some, "output", pairs, "input")
    return graph


def sweep(count=120):
    """Tasks > Walk > Reduce"""
    graph = WorkflowGraph()
    tasks, walk, reduce = Tasks(count), Walk(), Reduce()
    graph.connect(tasks, "output", walk, "input")
    graph.connect(walk, "output", reduce, "input")
    return graph


def summed(count=120):
    """Tasks > Square > the sum, in parallel"""
    graph = WorkflowGraph()
    tasks, square, total = Tasks(count), Square(), parallelSum([0])
    graph.connect(tasks, "output", square, "input")
    graph.connect(square, "output", total, "input")
    return graph


def skewed(count=120, fuse=False):
    """Tasks > Keyed > Same > Walk > Reduce: a key that one instance has, and what comes of it by all"""
    graph = WorkflowGraph()
    pes = [Tasks(count), Keyed(), Same(), Walk(), Reduce()]
    pes[3].fuse = fuse
    for producer, consumer in zip(pes, pes[1:]):
        graph.connect(producer, "output", consumer, "input")
    return graph


def words(count=120):
    """Tasks > Words > Count, by word"""
    graph = WorkflowGraph()
    tasks, split, counts = Tasks(count), Words(), Count()
    graph.connect(tasks, "output", split, "input")
    graph.connect(split, "output", counts, "input")
    return graph
