"""Methods that yield where they should write, and arrays that aren't what they seem."""

from __future__ import annotations

import numpy as np
import pytest

import d4p_compile
from d4p import Batch, ConsumerPE, GenericPE, IterativePE, ProducerPE, SimpleFunctionPE, WorkflowGraph
from d4p.containers.fields import Fields, Misfit
from d4p.errors import Refused, RunFailed
from d4p.items.packing import Uncopyable, own, pack


def yields(self, item):
    yield item


async def waits(self, item):
    return item


def halves(item):
    yield item


def refused(pe) -> str:
    graph = WorkflowGraph()
    graph.add(pe)
    with pytest.raises(Refused) as caught:
        d4p_compile.plan(graph)
    return str(caught.value)


@pytest.mark.parametrize("base", [IterativePE, ProducerPE, ConsumerPE, GenericPE])
@pytest.mark.parametrize("method", ["process", "_process", "_postprocess", "preprocess"])
def test_a_method_that_yields_is_refused_with_what_to_write(base, method):
    pe = type("Mine", (base,), {method: yields})()
    port = "output"
    assert refused(pe) == (f"{method}() of Mine0 (Mine) yields, and what it gives isn't run: say self.write({port!r}, "
                           "item) in place of `yield item`")  # fmt: skip


def test_a_function_that_yields_and_an_async_method():
    assert refused(SimpleFunctionPE(halves)).startswith("its function of PE_halves0 (SimpleFunctionPE) yields")
    pe = type("Mine", (IterativePE,), {"_process": waits})()
    assert refused(pe).endswith("is async, and what it gives isn't run: say a plain `def`")


def test_a_helper_that_yields_is_the_users_own_affair():
    def process(self, inputs):
        for item in self._process(inputs):
            self.write("output", item)

    graph = WorkflowGraph()
    graph.add(type("Mine", (IterativePE,), {"_process": yields, "process": process})())
    d4p_compile.plan(graph)


def gives_later(item):
    return (item + i for i in range(3))


SAID = "cannot pickle 'generator' object; its items are sent one by one, with self.write(port, item) for each"


@pytest.mark.parametrize("away", [own, lambda item: pack([item])], ids=["copied", "packed"])
@pytest.mark.parametrize("item", [gives_later(1), ("a", gives_later(1)), halves(1)])
def test_an_item_that_is_a_generator_is_refused_where_it_leaves(away, item):
    with pytest.raises(Uncopyable) as caught:
        away(item)
    assert SAID in str(caught.value)


def test_a_result_that_is_a_generator_names_its_pe():
    graph = WorkflowGraph()
    numbers = type("Numbers", (ProducerPE,), {"_process": lambda self, inputs: 1})()
    graph.connect(numbers, "output", SimpleFunctionPE(gives_later), "input")
    with pytest.raises(RunFailed) as caught:
        d4p_compile.run(graph, "sequential")
    assert SAID in str(caught.value) and "gives_later" in str(caught.value)


@pytest.mark.parametrize("dtype", [">i4", "<i4", ">f8", ">c16", "M8[s]", "S3"])
def test_a_batch_has_the_dtype_of_its_items(dtype):
    item = np.zeros(3, dtype)
    assert Batch.stack([item, item]).columns.dtype == item.dtype
    (column, _) = Batch.stack([(item, 1), (item, 2)]).columns
    assert column.dtype == item.dtype and column[0].dtype.byteorder == item.dtype.byteorder


def test_a_matrix_is_not_stored_as_an_array():
    with pytest.raises(Misfit, match=r"a numpy.matrix \(np.asarray makes an array of it\)"):
        Fields.of((1, np.matrix([[1, 2]])))
