"""Words with a number, typed, to an aggregate: the library's own, or the same by another class, which Python runs."""

from d4p import GenericPE, ReadLines, WorkflowGraph, aggregate


class Split(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("line")
        self._add_output("word", tuple_type=[("word", str), ("n", int)])

    def process(self, inputs):
        for word in inputs["line"].split():
            self.write("word", (word, len(word)))


class Count(aggregate.CountPE):
    """Not just the library's."""


class Sum(aggregate.SumPE):
    """Not just the library's."""


class Max(aggregate.MaxPE):
    """Not just the library's."""


MADE = {"CountPE": (aggregate.CountPE, Count), "SumPE": (lambda: aggregate.SumPE([1]), lambda: Sum([1])),
        "MaxPE": (lambda: aggregate.MaxPE([0]), lambda: Max([0]))}  # fmt: skip


def words(path="", name="SumPE", other=False, instances=2):
    """Read > split | aggregate, by word."""
    graph = WorkflowGraph()
    read, split, total = ReadLines(path), Split(), MADE[name][other]()
    total.inputconnections["input"]["grouping"] = [0]
    total.numprocesses = instances
    graph.connect(read, "output", split, "line")
    graph.connect(split, "word", total, "input")
    return graph
