"""The aggregates give right values, alone and in parallel parts."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from d4p import GenericPE, WorkflowGraph
from d4p.compat.direct import process_and_return
from d4p.graph.flatten import flatten
from d4p.library import aggregate


def fed(pe, items):
    """Runs a PE over items by hand and returns what it writes."""
    written = []
    pe._d4p_ports = {"output": written.append}
    pe.preprocess()
    for item in items:
        result = pe.process({"input": item})
        if result:
            written.append(result["output"])
    pe.postprocess()
    return written


def reduced(make, parts):
    """A parallel form, its first PE run once for each part, its reducer over what they write."""
    partial = []
    for part in parts:
        first, _ = flatten(make()).pes
        partial += fed(first, part)
    _, reducer = flatten(make()).pes
    return fed(reducer, partial)


ROWS = [("a", -5, 2.5), ("b", -1, 1.5), ("c", -9, 8.0)]


@pytest.mark.parametrize(("pe", "value"), [
    (aggregate.CountPE(), [3]),
    (aggregate.SumPE([2, 1]), [12.0, -15]),
    (aggregate.MaxPE([1]), [-1]),
    (aggregate.MaxPE([2, 0, 1]), [8.0, "c", -1]),
    (aggregate.MinPE([2, 1]), [1.5, -9]),
    (aggregate.AverageParallelPE(1), [-5.0, 3, -15]),
])  # fmt: skip
def test_one_instance(pe, value):
    assert fed(pe, ROWS) == [value]


def test_items_may_be_dicts():
    assert fed(aggregate.SumPE(["n"]), [{"n": 1}, {"n": 2}]) == [[3]]


@pytest.mark.parametrize(("make", "value"), [
    (aggregate.parallelCount, [3]),
    (lambda: aggregate.parallelSum([2, 1]), [12.0, -15]),
    (lambda: aggregate.parallelMax([2, 1]), [8.0, -1]),
    (lambda: aggregate.parallelMin([1, 2]), [-9, 1.5]),
    (lambda: aggregate.parallelAvg(1), [-5.0, 3, -15]),
])  # fmt: skip
@pytest.mark.parametrize("parts", [[ROWS], [ROWS[:1], ROWS[1:]], [[], ROWS[:2], [], ROWS[2:]]])
def test_parallel_parts_also_idle_ones(make, value, parts):
    assert reduced(make, parts) == [value]


def test_nothing_at_all():
    for make in (aggregate.parallelMax, aggregate.parallelMin, aggregate.parallelAvg, aggregate.parallelStdDev):
        assert reduced(make, [[], []]) == []
    assert reduced(aggregate.parallelCount, [[]]) == [[0]]
    assert reduced(aggregate.parallelSum, [[]]) == [[0]]


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_standard_deviation_is_that_of_the_sample_and_stable(offset):
    rng = random.Random(1)
    values = [offset + rng.random() for _ in range(1000)]
    expected = statistics.stdev(values)
    rows = [("x", v) for v in values]
    for (deviation, count, total, squares) in (
        *fed(aggregate.StdDevPE(1), rows),
        *reduced(lambda: aggregate.parallelStdDev(1), [rows[:7], [], rows[7:300], rows[300:301], rows[301:]]),
    ):
        assert deviation == pytest.approx(expected, rel=1e-6)
        assert count == 1000 and total == pytest.approx(sum(values)) and squares == pytest.approx(
            sum(v * v for v in values))


def test_standard_deviation_of_one_item_is_nan():
    ((deviation, *rest),) = fed(aggregate.StdDevPE(), [[3]])
    assert math.isnan(deviation) and rest == [1, 3, 9]


def test_reducer_takes_results_of_stddev_pe_too():
    parts = fed(aggregate.StdDevPE(), [[1], [2], [4]]) + fed(aggregate.StdDevPE(), [[8]])
    ((deviation, count, total, squares),) = fed(aggregate.StdDevReducePE(), parts)
    assert (count, total, squares) == (4, 15, 85) and deviation == pytest.approx(statistics.stdev([1, 2, 4, 8]))


def test_reducers_are_global_and_one():
    for make in (aggregate.parallelCount, aggregate.parallel_sum, aggregate.parallel_avg, aggregate.parallel_std_dev):
        composite = make()
        composite.numprocesses = 4
        graph = WorkflowGraph()
        graph.connect(aggregate.SumPE(), "output", composite, "input")
        _, first, reducer = flatten(graph).pes
        assert reducer.inputconnections["input"]["grouping"] == "global"
        assert (first.numprocesses, reducer.numprocesses) == (4, 1) and reducer._d4p_asked
    assert flatten(aggregate.parallelCount()).pes[1].id == "CountReduce1"


def test_nothing_is_shared_between_instances():
    indexes = [0]
    a, b = aggregate.SumPE(indexes), aggregate.SumPE(indexes)
    assert a.value is not b.value and a.indexes is not b.indexes
    aggregate.SumPE().indexes.append(9)
    assert aggregate.SumPE().indexes == [0]


def test_running_reduce_gets_the_bare_item_and_writes_copies():
    class Running(aggregate.ContinuousReducePE):
        def _process(self, data):
            for i in self.indexes:
                self.value[i] += data[i]

    assert fed(Running(), [[1], [2], [3]]) == [[1], [3], [6]]


def test_a_users_aggregate_in_a_parallel_form():
    class Product(aggregate.AggregatePE):
        def __init__(self, indexes):
            aggregate.AggregatePE.__init__(self, indexes)
            self.value = [1] * len(indexes)

        def _process(self, inputs):
            item = inputs["input"]
            self.value = [v * item[i] for v, i in zip(self.value, self.indexes, strict=True)]

    assert reduced(lambda: aggregate.parallel_aggregate(Product([1]), Product([1])), [ROWS[:2], ROWS[2:]]) == [[-45]]


def test_in_a_workflow():
    class Rows(GenericPE):
        def __init__(self):
            GenericPE.__init__(self)
            self._add_output("output")

        def _process(self, inputs):
            for row in ROWS:
                self.write("output", row)

    graph = WorkflowGraph()
    rows = Rows()
    for composite in (aggregate.parallelMin([1]), aggregate.parallelAvg(1)):
        graph.connect(rows, "output", composite, "input")
    assert process_and_return(graph, {rows: 2}) == {
        "MinPE2": {"output": [[-9]]}, "AverageReducePE4": {"output": [[-5.0, 6, -30]]}}
