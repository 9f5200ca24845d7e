"""A tour of what a graph can be: every grouping, composites, a split and merge, a tree, several outputs.

    numbers --+-- parity --even-- halve ---+-- digit -- by_digit          a split and merge; group-by an index
              |      +-----odd--- triple --+
              +-- residue -- by_residue                                   group-by a name
              +-- multiples                                               "all": every instance gets every number
              +-- extremes(least, greatest)                               a composite with two outputs
              +-- square > add -- chain_total                             a chain of functions; "global"
              +-- branch0 --+-- branch00 --+-- leaf000, leaf001 --+
                            +-- branch01 --+-- leaf010, leaf011 --+-- leaves     a tree and what it comes to

A classic dispel4py file that runs as it is. All items are integers, tuples or dictionaries of integers, and no result
depends on the order in which they arrive. Outputs that nothing is connected to are the results.
"""

from collections import Counter

from dispel4py.base import CompositePE, IterativePE, ProducerPE, SimpleFunctionPE, create_iterative_chain
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class Numbers(ProducerPE):
    """Writes 1, 2, ..., last."""

    def __init__(self, last):
        ProducerPE.__init__(self)
        self.last = last

    def _process(self, inputs):
        for number in range(1, self.last + 1):
            self.write("output", number)


class Bit(GenericPE):
    """Sends a number to the output `zero` or `one`, as its bit number `bit` says."""

    def __init__(self, bit, zero, one):
        GenericPE.__init__(self)
        self._add_input("number")
        self._add_output(zero)
        self._add_output(one)
        self.bit = bit
        self.outputs = (zero, one)

    def process(self, inputs):
        number = inputs["number"]
        return {self.outputs[number >> self.bit & 1]: number}


class Count(IterativePE):
    """Adds up numbers and writes (how many, their sum) at the end. All of them reach one instance."""

    def __init__(self, name, grouping="global"):
        IterativePE.__init__(self)
        self.name = name
        self.inputconnections["input"]["grouping"] = grouping
        self.count = self.sum = 0

    def _process(self, number):
        self.count += 1
        self.sum += number

    def _postprocess(self):
        self.write("output", (self.count, self.sum))


class CountBy(GenericPE):
    """Counts items by a field and writes (value of the field, count) at the end. Equal values meet in one instance."""

    def __init__(self, name, field, instances):
        GenericPE.__init__(self)
        self.name = name
        self._add_input("item", grouping=[field])
        self._add_output("count", tuple_type=["value", "count"])
        self.numprocesses = instances
        self.field = field
        self.counts = Counter()

    def process(self, inputs):
        self.counts[inputs["item"][self.field]] += 1

    def postprocess(self):
        for pair in self.counts.items():
            self.write("count", pair)


class Multiples(IterativePE):
    """Every instance gets every number; instance 0 counts the multiples of 2, instance 1 those of 3, 2 those of 5."""

    DIVISORS = (2, 3, 5)

    def __init__(self):
        IterativePE.__init__(self)
        self.inputconnections["input"]["grouping"] = "all"
        self.numprocesses = len(self.DIVISORS)
        self.count = 0

    def preprocess(self):
        self.divisor = self.DIVISORS[self.rank]

    def _process(self, number):
        self.count += number % self.divisor == 0

    def postprocess(self):
        self.write("output", (self.divisor, self.count))


class Extreme(IterativePE):
    """Chooses among all numbers (min, max) and writes the one at the end."""

    def __init__(self, name, choose):
        IterativePE.__init__(self)
        self.name = name
        self.inputconnections["input"]["grouping"] = "global"
        self.choose = choose
        self.found = None

    def _process(self, number):
        self.found = number if self.found is None else self.choose(self.found, number)

    def postprocess(self):
        if self.found is not None:
            self.write("output", self.found)


def same(number):
    return number


def halve(number):
    return number // 2


def triple(number):
    return 3 * number + 1


def square(number):
    return number * number


def add(number, amount):
    return number + amount


def digit(number):
    """(last digit, number)"""
    return number % 10, number


def residue(number):
    return {"number": number, "residue": number % 7}


def function(compute, instances=None, name=None):
    """A PE that applies a function to each item."""
    pe = SimpleFunctionPE(compute)
    pe.name = name or compute.__name__
    if instances:
        pe.numprocesses = instances
    return pe


def extremes(composite):
    """number -> least, greatest"""
    everything, least, greatest = function(same, name="extremes"), Extreme("least", min), Extreme("greatest", max)
    composite.connect(everything, "output", least, "input")
    composite.connect(everything, "output", greatest, "input")
    composite._map_input("number", everything, "input")
    composite._map_output("least", least, "output")
    composite._map_output("greatest", greatest, "output")


def tree(graph, source, output, depth, total, path="0"):
    """Below an output of `source` two branches a level; the leaves all feed `total`."""
    if depth == 0:
        leaf = function(same, name="leaf" + path)
        graph.connect(source, output, leaf, "input")
        graph.connect(leaf, "output", total, "input")
        return
    branch = Bit(len(path), path + "0", path + "1")
    branch.name = "branch" + path
    graph.connect(source, output, branch, "number")
    for side in (path + "0", path + "1"):
        tree(graph, branch, side, depth - 1, total, side)


def make(last=60):
    """The tour over the numbers 1 to `last`."""
    graph = WorkflowGraph()
    numbers = Numbers(last)
    numbers.name = "numbers"

    # Several outputs, a split and a merge: one step of Collatz, n/2 for even and 3n + 1 for odd numbers. `halve` asks
    # for 2 instances and `triple` for 3; no grouping, so that each gets every second or every third number.
    parity, half, threefold = Bit(0, "even", "odd"), function(halve, 2), function(triple, 3)
    parity.name = "parity"
    last_digit = function(digit)
    graph.connect(numbers, "output", parity, "number")
    graph.connect(parity, "even", half, "input")
    graph.connect(parity, "odd", threefold, "input")
    graph.connect(half, "output", last_digit, "input")
    graph.connect(threefold, "output", last_digit, "input")

    # Group-by: an index of a tuple, a name in a dictionary.
    graph.connect(last_digit, "output", CountBy("by_digit", 0, instances=4), "item")
    residues = function(residue, 2)
    graph.connect(numbers, "output", residues, "input")
    graph.connect(residues, "output", CountBy("by_residue", "residue", instances=3), "item")

    # "all": every instance gets every number.
    multiples = Multiples()
    multiples.name = "multiples"
    graph.connect(numbers, "output", multiples, "input")

    # A composite with two outputs that nothing is connected to: both are results.
    graph.connect(numbers, "output", CompositePE(extremes), "number")

    # A chain of functions, and "global": one instance gets every item.
    chain = create_iterative_chain([square, (add, {"amount": 1})], name_prefix="")
    graph.connect(numbers, "output", chain, "input")
    graph.connect(chain, "output", Count("chain_total"), "input")

    # A tree: numbers part by their bits; its leaves meet again.
    tree(graph, numbers, "output", 2, Count("leaves"))
    return graph


graph = make()
