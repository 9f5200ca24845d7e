"""A field that items don't have by their declared types is refused in the plan, on every target, by name."""

from __future__ import annotations

import pytest

import d4p_compile
from d4p import AllPairs, GenericPE, ProducerPE, WorkflowGraph
from d4p.errors import Refused
from d4p.library.aggregate import SumPE
from d4p_compile.targets import TARGETS

WORDS = [("word", str), ("n", int)]


class Words(ProducerPE):
    def __init__(self, declared):
        ProducerPE.__init__(self)
        self._add_output("output", tuple_type=declared)


class Count(GenericPE):
    def __init__(self, grouping, instances):
        GenericPE.__init__(self)
        self._add_input("words", grouping=grouping)
        self._add_output("counts")
        self.numprocesses = instances

    def process(self, inputs):
        return {"counts": inputs["words"]}




def plan(consumer, port: str, declared=WORDS, target: str = "sequential"):
    graph = WorkflowGraph()
    graph.connect(Words(declared), "output", consumer, port)
    return d4p_compile.plan(graph, target)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("instances", [1, 4])
def test_a_group_by(target, instances):
    with pytest.raises(Refused, match=r"^Count\.words has the grouping group-by \['wrod'\], and the items of "
                                      r"Words\.output, which declares \(word: string, n: int64\), have no field "
                                      r"'wrod' \(.*test_declared_fields.py:\d+\): .*; did you mean 'word'\?$"):
        plan(Count(["wrod"], instances), "words", target=target)


@pytest.mark.parametrize(("consumer", "port", "declared", "said"), [
    (lambda: Count([2], 4), "words", WORDS, r"group-by \[2\], .* no field 2 "),
    (lambda: Count([-3], 4), "words", WORDS, r"group-by \[-3\], .* no field -3 "),
    (lambda: Count([0], 4), "words", dict(WORDS), r"group-by \[0\], .* no field 0 "),
    (lambda: Count(["word", "day"], 4), "words", dict(WORDS), r"group-by \['word', 'day'\], .* no field 'day' "),
    (lambda: SumPE([2]), "input", WORDS, "takes the sum of 2, .* no field 2 "),
    (lambda: AllPairs(order_by="station"), "input", WORDS, r"pairs by \['station'\], .* no field 'station' "),
    (lambda: AllPairs(order_by="word", within="day"), "input", WORDS, "pairs items within 'day', .* no field 'day' "),
])
def test_whatever_goes_by_fields(consumer, port, declared, said):
    with pytest.raises(Refused, match=f"{said}.*: name one of theirs, or change what is declared$"):
        plan(consumer(), port, declared)


@pytest.mark.parametrize(("consumer", "declared"), [
    (lambda: Count([-1], 4), WORDS),
    (lambda: Count(["n"], 4), WORDS),  # the items may be NamedTuples
    (lambda: Count(["n"], 4), dict(WORDS)),
    (lambda: Count([7], 4), ["word", "n"]),  # names alone promise nothing
    (lambda: Count(["day"], 4), None),
])
def test_what_may_be_is_not_refused(consumer, declared):
    plan(consumer(), "words", declared)
