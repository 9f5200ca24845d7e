"""PEs that aggregate: count, sum, minimum, maximum, average, standard deviation, and their parallel forms.

An item is a sequence; `indexes` (or `index`) says which of its fields count. The value written after the last item is
a list by position: position p holds the aggregate of field `indexes[p]`. A parallel form is a composite of two PEs:
the first, `partial`, runs as many instances as the run is wide and writes one partial value each, the second,
`"global"`, one instance, joins them. An instance that saw no item does not change the result.

An engine may do the work for items that it has as columns: `_d4p_take_in(count, values)` takes what it made of `count`
items, a value for each field, into a PE's state, which is then as if `_process` had taken them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable
from typing import Any

from d4p.graph.core import GROUPING, GenericPE
from d4p.graph.spelled import also
from d4p.graph.workflow_graph import WorkflowGraph


class _OneInOneOut(GenericPE):
    INPUT_NAME = "input"
    OUTPUT_NAME = "output"
    stateful = True

    def __init__(self) -> None:
        GenericPE.__init__(self)
        self._add_input(self.INPUT_NAME)
        self._add_output(self.OUTPUT_NAME)


class AggregatePE(_OneInOneOut):
    """Base of aggregates that keep one value a field: a subclass's `_process(inputs)` updates `self.value`.

    `self.value` is a list as long as `indexes`, zeros at first, and is written once after the last item.
    """

    def __init__(self, indexes: Iterable[Any] = (0,)) -> None:
        _OneInOneOut.__init__(self)
        self.indexes = list(indexes)
        self.value: list[Any] = [0] * len(self.indexes)

    def _postprocess(self) -> None:
        self.write(self.OUTPUT_NAME, self.value)


class ContinuousReducePE(_OneInOneOut):
    """Base of running aggregates: a subclass's `_process(item)` updates `self.value`; a copy is written each time."""

    def __init__(self, indexes: Iterable[Any] = (0,)) -> None:
        _OneInOneOut.__init__(self)
        self.indexes = list(indexes)
        self.value: list[Any] = [0] * len(self.indexes)

    def process(self, inputs: dict[str, Any]) -> None:
        self._process(inputs[self.INPUT_NAME])
        self.write(self.OUTPUT_NAME, copy.copy(self.value))


class CountPE(AggregatePE):
    """`[number of items]`; an item may be anything."""

    any_order = True

    def __init__(self) -> None:
        AggregatePE.__init__(self, [0])

    def _process(self, inputs: dict[str, Any]) -> None:
        self.value = [self.value[0] + 1]

    def _d4p_take_in(self, count: int, values: tuple) -> None:
        self.value = [self.value[0] + count]


class SumPE(AggregatePE):
    """The sum of each field, from 0."""

    any_order = True

    def _process(self, inputs: dict[str, Any]) -> None:
        item = inputs[self.INPUT_NAME]
        self.value = [total + item[i] for total, i in zip(self.value, self.indexes, strict=True)]

    def _d4p_take_in(self, count: int, values: tuple) -> None:
        self.value = [total + value for total, value in zip(self.value, values, strict=True)]


class _ExtremePE(AggregatePE):
    """The value is None until the first item; without one nothing is written."""

    choose = staticmethod(max)

    def __init__(self, indexes: Iterable[Any] = (0,)) -> None:
        AggregatePE.__init__(self, indexes)
        self.value = [None] * len(self.indexes)
        self.seen = False

    def _process(self, inputs: dict[str, Any]) -> None:
        item = inputs[self.INPUT_NAME]
        if self.seen:
            self.value = [self.choose(item[i], v) for v, i in zip(self.value, self.indexes, strict=True)]
        else:
            self.value = [item[i] for i in self.indexes]
            self.seen = True

    def _d4p_take_in(self, count: int, values: tuple) -> None:
        if self.seen:
            self.value = [self.choose(new, v) for new, v in zip(values, self.value, strict=True)]
        else:
            self.value = list(values)
            self.seen = True

    def _postprocess(self) -> None:
        if self.seen:
            AggregatePE._postprocess(self)


class MaxPE(_ExtremePE):
    """The largest value of each field; nothing without an item."""

    any_order = True

    choose = staticmethod(max)


class MinPE(_ExtremePE):
    """The smallest value of each field; nothing without an item."""

    any_order = True

    choose = staticmethod(min)


class AverageParallelPE(_OneInOneOut):
    """`[average, count, sum]` of one field; nothing without an item."""

    any_order = True

    def __init__(self, index: Any = 0) -> None:
        _OneInOneOut.__init__(self)
        self.index = index
        self.sum: Any = 0
        self.count = 0

    def _process(self, inputs: dict[str, Any]) -> None:
        self.sum += inputs[self.INPUT_NAME][self.index]
        self.count += 1

    def _d4p_take_in(self, count: int, values: tuple) -> None:
        self.sum += values[0]
        self.count += count

    def _postprocess(self) -> None:
        if self.count:
            self.write(self.OUTPUT_NAME, [self.sum / self.count, self.count, self.sum])


class AverageReducePE(AverageParallelPE):
    """Joins `[average, count, sum]` of several instances to one."""

    any_order = True

    def __init__(self) -> None:
        AverageParallelPE.__init__(self)
        _make_reducer(self)

    def _process(self, inputs: dict[str, Any]) -> None:
        _, count, total = inputs[self.INPUT_NAME]
        self.count += count
        self.sum += total


class StdDevPE(_OneInOneOut):
    """`(standard deviation, count, sum, sum of squares)` of one field; nothing without an item.

    The standard deviation is that of the sample (n - 1), nan for a single item. It is computed from the mean and the
    sum of squared differences from it (Welford 1962), so large values close together keep their digits.
    """

    any_order = True

    def __init__(self, index: Any = 0) -> None:
        _OneInOneOut.__init__(self)
        self.index = index
        self.count = 0
        self.sum: Any = 0
        self.sum_squared: Any = 0
        self.mean = 0.0
        self.m2 = 0.0

    def _process(self, inputs: dict[str, Any]) -> None:
        value = inputs[self.INPUT_NAME][self.index]
        self.count += 1
        self.sum += value
        self.sum_squared += value * value
        before = value - self.mean
        self.mean += before / self.count
        self.m2 += before * (value - self.mean)

    def _postprocess(self) -> None:
        if self.count:
            deviation = math.sqrt(self.m2 / (self.count - 1)) if self.count > 1 else math.nan
            self.write(self.OUTPUT_NAME, (deviation, self.count, self.sum, self.sum_squared))


class StdDevPartPE(StdDevPE):
    """The part of `parallelStdDev` that runs in parallel: `(count, sum, sum of squares, mean, m2)`."""

    any_order = True

    def _postprocess(self) -> None:
        if self.count:
            self.write(self.OUTPUT_NAME, (self.count, self.sum, self.sum_squared, self.mean, self.m2))


class StdDevReducePE(StdDevPE):
    """Joins the results of several `StdDevPartPE` (exactly) or `StdDevPE` to one, by the formula of Chan et al. 1979.

    What a `StdDevPE` writes holds no mean and no m2: they are recovered from its deviation, count and sum.
    """

    any_order = True

    def __init__(self) -> None:
        StdDevPE.__init__(self)
        _make_reducer(self)

    def _process(self, inputs: dict[str, Any]) -> None:
        part = inputs[self.INPUT_NAME]
        if len(part) == 4:
            deviation, count, total, squares = part
            mean, m2 = total / count, deviation * deviation * (count - 1) if count > 1 else 0.0
        else:
            count, total, squares, mean, m2 = part
        together = self.count + count
        apart = mean - self.mean
        self.mean += apart * count / together
        self.m2 += m2 + apart * apart * self.count * count / together
        self.count = together
        self.sum += total
        self.sum_squared += squares


@also(inst_pe="instPE", reduce_pe="reducePE")
def parallel_aggregate(instPE: GenericPE, reducePE: GenericPE) -> WorkflowGraph:
    """A composite, `input` to `output`: `instPE` in parallel, then `reducePE` in one instance over its results.

    What an `AggregatePE` writes is a list by position, so a reducer that takes as many fields as it gets the positions
    0, 1, ... as its `indexes`.
    """
    if isinstance(instPE, AggregatePE) and isinstance(reducePE, AggregatePE):
        if len(instPE.indexes) == len(reducePE.indexes):
            reducePE.indexes = list(range(len(instPE.indexes)))
    instPE.partial = True
    _make_reducer(reducePE)
    composite = WorkflowGraph()
    composite.connect(instPE, AggregatePE.OUTPUT_NAME, reducePE, AggregatePE.INPUT_NAME)
    composite.inputmappings = {"input": (instPE, AggregatePE.INPUT_NAME)}
    composite.outputmappings = {"output": (reducePE, AggregatePE.OUTPUT_NAME)}
    return composite


def _make_reducer(pe: GenericPE) -> None:
    pe.inputconnections[AggregatePE.INPUT_NAME][GROUPING] = "global"
    pe.numprocesses = 1


def parallelCount() -> WorkflowGraph:
    """A composite that counts items: `[count]`."""
    reducer = SumPE([0])
    reducer.name = "CountReduce"
    return parallel_aggregate(CountPE(), reducer)


def parallelSum(indexes: Iterable[Any] = (0,)) -> WorkflowGraph:
    """A composite that sums fields."""
    indexes = list(indexes)
    return parallel_aggregate(SumPE(indexes), SumPE(indexes))


def parallelMin(indexes: Iterable[Any] = (0,)) -> WorkflowGraph:
    """A composite that finds the smallest value of fields."""
    indexes = list(indexes)
    return parallel_aggregate(MinPE(indexes), MinPE(indexes))


def parallelMax(indexes: Iterable[Any] = (0,)) -> WorkflowGraph:
    """A composite that finds the largest value of fields."""
    indexes = list(indexes)
    return parallel_aggregate(MaxPE(indexes), MaxPE(indexes))


def parallelAvg(index: Any = 0) -> WorkflowGraph:
    """A composite that averages a field: `[average, count, sum]`."""
    return parallel_aggregate(AverageParallelPE(index), AverageReducePE())


def parallelStdDev(index: Any = 0) -> WorkflowGraph:
    """A composite for the sample's standard deviation: `(standard deviation, count, sum, sum of squares)`."""
    return parallel_aggregate(StdDevPartPE(index), StdDevReducePE())


parallel_count = parallelCount
parallel_sum = parallelSum
parallel_min = parallelMin
parallel_max = parallelMax
parallel_avg = parallelAvg
parallel_std_dev = parallel_stddev = parallelStdDev
