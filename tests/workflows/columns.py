"""Workflows whose ports declare types, with items that are of them, nearly, or not at all."""

import datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from d4p import IterativePE, ProducerPE, WorkflowGraph, aggregate

TYPES = {"key": str, "n": int, "x": float, "blob": bytes, "flag": bool}
WORDS = {"np": np, "Decimal": Decimal, "nan": float("nan"), "inf": float("inf"), "datetime": datetime}


class Named(NamedTuple):
    """A tuple that isn't exactly one."""

    key: str
    n: int
    x: float
    blob: bytes
    flag: bool


class Items(ProducerPE):
    """Writes the items of a Python expression; they are declared to be tuples, or dicts, of TYPES."""

    def __init__(self, expression, form=tuple):
        ProducerPE.__init__(self)
        self._add_output("output", tuple_type=list(TYPES.items()) if form is tuple else TYPES)
        self.expression = expression

    def _process(self, inputs):
        for item in eval(self.expression, {**WORDS, "Named": Named}):
            self.write("output", item)


class Same(IterativePE):
    """Hands on what it gets, and declares it too."""

    def __init__(self, instances):
        IterativePE.__init__(self)
        self._add_output("output", tuple_type=list(TYPES.items()))
        self.numprocesses = instances

    def _process(self, item):
        return item


class Seen(IterativePE):
    """A consumer of what an aggregate writes."""

    def _process(self, item):
        return [item, "seen"]


class Listing(IterativePE):
    """All items, at the end."""

    def __init__(self):
        IterativePE.__init__(self)
        self.items = []

    def _process(self, item):
        self.items.append([type(item).__name__, item])

    def _postprocess(self):
        self.write("output", self.items)


def _with(pe, instances=1, grouping=None):
    pe.numprocesses = instances
    if grouping is not None:
        pe.inputconnections["input"]["grouping"] = grouping
    return pe


def all_kinds(expression="[]"):
    """One typed source, and every aggregate behind it, in all groupings; and one that Python alone reads."""
    graph = WorkflowGraph()
    source = Items(expression)
    consumers = [
        _with(aggregate.CountPE(), 3),
        _with(aggregate.SumPE([1]), 3, [0]),
        _with(aggregate.SumPE([2, -4]), 2, "all"),
        _with(aggregate.MinPE([1, 0]), 2),
        _with(aggregate.MaxPE([3, 4, 1]), 2, "all"),
        _with(aggregate.AverageParallelPE(2), 2),
    ]
    for consumer in consumers:
        graph.connect(source, "output", consumer, "input")
    graph.connect(consumers[0], "output", Seen(), "input")
    graph.connect(source, "output", _with(Listing(), 2, "all"), "input")
    return graph


def some_kinds(expression="[]"):
    """A few of them, in few stages."""
    graph = WorkflowGraph()
    source = Items(expression)
    for consumer in (_with(aggregate.SumPE([2, 1]), 2, [0]), _with(aggregate.MinPE([1, 0]), 2),
                     _with(aggregate.MaxPE([3, 4, 1]), 2, "all")):  # fmt: skip
        graph.connect(source, "output", consumer, "input")
    return graph


def two_sources(first="[]", second="[]"):
    """Two typed producers of several instances each, into one aggregate."""
    graph = WorkflowGraph()
    total = _with(aggregate.SumPE([1, 2]), 2, [0])
    least = _with(aggregate.MinPE([0, 4]), 2, "global")
    for expression, instances in ((first, 2), (second, 3)):
        same = Same(instances)
        graph.connect(Items(expression), "output", same, "input")
        graph.connect(same, "output", total, "input")
        graph.connect(same, "output", least, "input")
    return graph


def parallel(expression="[]"):
    """The composites: a part and a reducer, fused into one stage behind the producers' instances."""
    graph = WorkflowGraph()
    same = Same(3)
    graph.connect(Items(expression), "output", same, "input")
    for made in (aggregate.parallelCount(), aggregate.parallelSum([1]), aggregate.parallelAvg(1)):
        graph.connect(same, "output", made, "input")
    return graph


def of_dicts(expression="[]"):
    """The same of dicts, whose fields are names."""
    graph = WorkflowGraph()
    source = Items(expression, dict)
    for consumer in (_with(aggregate.SumPE(["n"]), 3, ["key"]), _with(aggregate.MaxPE(["key", "n"]), 2)):
        graph.connect(source, "output", consumer, "input")
    return graph


def total(expression="[]"):
    """A sum by key."""
    graph = WorkflowGraph()
    graph.connect(Items(expression), "output", _with(aggregate.SumPE([1]), 3, [0]), "input")
    return graph


graph = all_kinds()
