"""Which aggregates an engine computes, what a plan says of them, and what a PE makes of what the engine gives it."""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace

import pytest

import d4p_compile
from d4p import IterativePE, ProducerPE, WorkflowGraph
from d4p.library import aggregate
from d4p.stage.function import StageInfo
from d4p.stage.instance import Stage
from d4p_compile.analysis.aggregates import aggregate_of
from d4p_compile.ir.graph import Aggregate
from d4p_compile.passes.native import ONLY_PYTHON
from d4p_compile.show.json import to_json
from d4p_compile.show.text import text


class Typed(ProducerPE):
    """A producer whose port declares types."""

    def __init__(self, declared):
        ProducerPE.__init__(self)
        self._add_output("output", tuple_type=declared)


class OwnSum(aggregate.SumPE):
    """Another class than the library's."""


PAIRS = [("word", str), ("n", int)]


def plan(pe, *declared, target="spark-df"):
    graph = WorkflowGraph()
    pe.numprocesses = 2
    for what in declared:
        producer = Typed(what)
        graph.connect(producer, "output", pe, "input")
    return d4p_compile.plan(graph, target)


def head(made):
    return made.stage_of[made.graph.pes[-1].name]


def test_what_old_modules_add_to_all_pes_replaces_nothing():
    importlib.import_module("d4p.compat.old.provenance")
    assert str(head(plan(aggregate.SumPE([1]), PAIRS)).native) == "sum of n (int64)"


@pytest.mark.parametrize(("pe", "declared", "said"), [
    (aggregate.CountPE(), None, "count"),
    (aggregate.CountPE(), PAIRS, "count"),
    (aggregate.SumPE([1]), PAIRS, "sum of n (int64)"),
    (aggregate.SumPE([-1]), PAIRS, "sum of n (int64)"),
    (aggregate.SumPE(["n"]), dict(PAIRS), "sum of n (int64)"),
    (aggregate.SumPE([0, 1]), [("x", float), ("n", int)], "sum of x (float64), n (int64)"),
    (aggregate.MinPE([1, 0]), PAIRS, "min of n (int64), word (string)"),
    (aggregate.MaxPE([0, 1]), [("flag", bool), ("blob", bytes)], "max of flag (bool), blob (binary)"),
    (aggregate.AverageParallelPE(1), [("word", str), ("x", float)], "average of x (float64)"),
])  # fmt: skip
def test_native(pe, declared, said):
    made = plan(pe, declared)
    assert str(head(made).native) == said
    assert f"native: {said}\n" in text(made)
    (channel,) = made.channels
    assert channel.columns and not channel.packed
    if said == "count":
        assert [(column.type, column.field) for column in channel.columns] == [("int64", None)]
    stage = json.loads(to_json(made))["stages"][1]
    assert stage["native"] == said


@pytest.mark.parametrize(("pe", "declared", "why"), [
    (aggregate.SumPE([1]), None, "Typed.output declares no types of its items"),
    (aggregate.SumPE([1]), ["word", "n"], "Typed.output declares no types of its items"),
    (aggregate.SumPE([0]), PAIRS, "sum of string isn't known to be the same in spark-df"),
    (aggregate.SumPE(["n"]), PAIRS, "the items of Typed.output, (word: string, n: int64), have no field 'n'"),
    (aggregate.SumPE([1, -1]), PAIRS, "it takes a field twice"),
    (aggregate.MaxPE([0]), [("x", float)], "max of float64 isn't known to be the same in spark-df"),
    (aggregate.SumPE([0]), [("x", "float32[]")], "sum of float32[] isn't known to be the same in spark-df"),
    (aggregate.SumPE([True]), PAIRS, "its field True is neither an index nor a name"),
    (aggregate.SumPE([]), PAIRS, "it has no field"),
])  # fmt: skip
def test_in_python_and_the_plan_says_why(pe, declared, why):
    made = plan(pe, declared)
    assert head(made).native is None
    assert made.notes == (f"{made.graph.pes[-1].name} is aggregated in Python: {why}",)
    assert f"note: {made.graph.pes[-1].name} is aggregated in Python: {why}" in " ".join(text(made).split())
    (channel,) = made.channels
    assert channel.columns == () and channel.packed == (ONLY_PYTHON if declared and declared != ["word", "n"] else "")


def test_what_makes_an_aggregate_another():
    replaced, seen, more, own = (aggregate.SumPE([1]) for _ in range(4))
    replaced._process = lambda inputs: None
    seen.value = [1]
    more._add_input("other")
    assert aggregate_of(OwnSum([1])) is None
    assert aggregate_of(replaced).unlike == "its _process is replaced"
    assert aggregate_of(seen).unlike == "it doesn't start from nothing"
    assert aggregate_of(more).unlike == "it has other inputs"
    assert aggregate_of(own) == Aggregate("sum", (1,))


@pytest.mark.parametrize(("pe", "name", "value"), [
    (aggregate.SumPE([1]), "value", [0.0]), (aggregate.CountPE(), "value", [1]), (aggregate.MinPE([0]), "seen", True),
    (aggregate.MaxPE([0]), "value", ["a"]), (aggregate.AverageParallelPE(1), "count", 1),
    (aggregate.AverageParallelPE(1), "sum", 0.0),
])  # fmt: skip
def test_an_aggregate_that_does_not_start_from_nothing(pe, name, value):
    assert aggregate_of(pe).unlike == ""
    setattr(pe, name, value)
    assert aggregate_of(pe).unlike == "it doesn't start from nothing"


def test_a_method_of_the_class_that_a_workflow_replaces(monkeypatch):
    monkeypatch.setattr(aggregate.CountPE, "_process", lambda self, inputs: None)
    assert aggregate_of(aggregate.CountPE()).unlike == "_process of CountPE is replaced"
    monkeypatch.setattr(aggregate.CountPE, "_process", len)
    assert aggregate_of(aggregate.CountPE()).unlike == "_process of CountPE is replaced"


def test_channels_of_one_stage_share_their_columns():
    made = plan(aggregate.SumPE([1]), PAIRS, [("n", int), ("m", int)])
    assert [[(c.name, c.field, c.label) for c in channel.columns] for channel in made.channels] == [
        [("n_3", 1, "n")], [("n_3", 1, "m")]]  # fmt: skip
    apart = plan(aggregate.SumPE([1]), PAIRS, [("n", int), ("m", float)])
    assert apart.notes == ("SumPE is aggregated in Python: field 1 is int64 on one channel and float64 on another",)


def test_names_of_columns_are_names_that_spark_tells_apart():
    made = plan(aggregate.SumPE([0, 1, 2, 3, 4]), [("N", int), ("n", int), ("1.a`b", int), ("é", int), ("x1", int)])
    assert [c.name for c in made.channels[0].columns] == ["n_2", "n__2", "field_1_a_b_2", "field__2", "x1_2"]


def test_no_shuffle_no_native():
    graph = WorkflowGraph()
    first, count = IterativePE(), aggregate.CountPE()
    first.numprocesses = count.numprocesses = 3
    graph.connect(Typed(PAIRS), "output", first, "input")
    graph.connect(first, "output", count, "input")
    assert d4p_compile.plan(graph, "spark-df", fuse=False).notes == (
        "CountPE is aggregated in Python: instance i takes from instance i of IterativePE, and there is no shuffle",)


def test_reducers_of_a_few_parts_are_not_worth_a_note():
    graph = WorkflowGraph()
    first, reducer = aggregate.CountPE(), aggregate.SumPE([0])
    first.numprocesses = 3
    graph.connect(Typed(PAIRS), "output", first, "input")
    graph.connect(first, "output", reducer, "input")
    made = d4p_compile.plan(graph, "spark-df")
    assert [str(stage.native) for stage in made.stages] == ["None", "count", "None"] and made.notes == ()


@pytest.mark.parametrize("target", ["sequential", "processes", "spark-rdd"])
def test_other_targets_are_as_they_were(target):
    made = plan(aggregate.SumPE([1]), PAIRS, target=target)
    assert head(made).native is None and made.notes == ()
    assert all(channel.columns == () and channel.packed == "" for channel in made.channels)


@pytest.mark.parametrize(("pe", "first", "given", "expected"), [
    (aggregate.CountPE(), [(1,)], (3, ()), [4]),
    (aggregate.SumPE([0]), [(1,)], (3, (2**70,)), [2**70 + 1]),
    (aggregate.MaxPE([0]), [], (3, (7,)), [7]),
    (aggregate.MaxPE([0]), [(9,)], (3, (7,)), [9]),
    (aggregate.MinPE([0]), [("b",)], (3, ("a",)), ["a"]),
    (aggregate.AverageParallelPE(0), [(1,)], (3, (7,)), [2.0, 4, 8]),
])  # fmt: skip
def test_what_an_engine_gives_is_taken_in(pe, first, given, expected):
    written = []
    pe._d4p_ports = {"output": written.append}
    for item in first:
        pe.process({"input": item})
    pe._d4p_take_in(*given)
    pe.postprocess()
    assert written == [expected]


def test_a_stage_may_be_asked_what_it_did_while_it_is_made():
    said = []

    def copy(name, index, instances):
        said.append(stage.report()["received"])
        return aggregate.CountPE()

    writing = SimpleNamespace(run="run", places={}, spooled=True, begin_notes=lambda: None)
    workflow = SimpleNamespace(writing=writing, policies={}, isolated={}, copy=copy)
    stage = Stage(workflow, StageInfo(1, ("first", "second")), 0, lanes=None, spool=None, log=None)
    stage.take()
    assert said == [{}, {}]


def test_items_that_an_engine_took_are_counted():
    writing = SimpleNamespace(run="run", places={}, spooled=True, begin_notes=lambda: None)
    workflow = SimpleNamespace(writing=writing, policies={}, isolated={},
                               copy=lambda name, index, instances: aggregate.CountPE())
    stage = Stage(workflow, StageInfo(1, ("count",)), 0, lanes=None, spool=None, log=None)
    (count,) = stage.take()
    stage.ready({}, lambda: {"count": 2})
    stage.take_in("count", 5, ())
    assert count.value == [5] and stage.report()["received"] == {"count": 7}
