"""Methods that yield where they should write, and arrays that aren't what they seem."""

from __future__ import annotations

import numpy as np
import pytest

import d4p_compile
import tests.unit.test_yields
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


LATER = {"by another way": gives_later}


def gives_unseen(item):
    return LATER["by another way"](item)


def test_a_result_that_is_a_generator_names_its_pe():
    graph = WorkflowGraph()
    numbers = type("Numbers", (ProducerPE,), {"_process": lambda self, inputs: 1})()
    graph.connect(numbers, "output", SimpleFunctionPE(gives_unseen), "input")
    with pytest.raises(RunFailed) as caught:
        d4p_compile.run(graph, "sequential")
    assert SAID in str(caught.value) and "gives_unseen" in str(caught.value)


def returns_one(self, item):
    return (part for part in item)


def returns_a_result(self, item):
    return halves(item)


def returns_a_modules(self, item):
    return tests.unit.test_yields.halves(item) if item else None


def returns_its_own(self, item):
    return self.parts(item)


def passed_on(item):
    return halves(item) if item else passed_on(item - 1)


def in_a_list(method):
    def inner(self, item):
        return list(method(self, item))

    return inner


def as_it_is(method):
    def inner(*args):
        return method(*args)

    return inner


def returns_by_another(self, item):
    return passed_on(item)


def returns_by_its_own(self, item):
    return self.more(item)


def more(self, item):
    found = self.parts(item)
    return found


@as_it_is
def returns_as_it_is(self, item):
    return halves(item)


@in_a_list
def returns_a_list(self, item):
    return halves(item)


def again(self, item):
    return again(self, item)


def returns_in_a_branch(self, item):
    for part in item:
        if part:
            return (other for other in part)


def returns_within(self, item):
    found = ["a", (part for part in item)]
    return {"output": (item, found)}


def writes_one(self, item):
    self.write("output", (part for part in item))


def writes_by_keyword(self, item):
    for parts in item:
        self.write("output", data=halves(parts))


@pytest.mark.parametrize(
    "process, does, what",
    [
        (returns_one, "returns", "(part for part in item)"),
        (returns_a_result, "returns", "halves(item)"),
        (returns_a_modules, "returns", "tests.unit.test_yields.halves(item)"),
        (returns_its_own, "returns", "self.parts(item)"),
        (returns_by_another, "returns", "passed_on(item)"),
        (returns_by_its_own, "returns", "self.more(item)"),
        (returns_as_it_is, "returns", "method(*args)"),
        (returns_in_a_branch, "returns", "(other for other in part)"),
        (returns_within, "returns", "(part for part in item)"),
        (writes_one, "writes", "(part for part in item)"),
        (writes_by_keyword, "writes", "halves(parts)"),
    ],
)
def test_a_generator_that_is_given_for_an_item_is_refused_where_it_is_read(process, does, what):
    pe = type("Mine", (IterativePE,), {"_process": process, "parts": yields, "more": more})()
    assert refused(pe) == (
        f"Mine0 (Mine): _process() {does} a generator, `{what}`, which is no item: send its items one by one, with "
        "self.write('output', item) for each, or as one in a list"
    )


def test_a_function_that_returns_a_generator():
    assert "its function returns a generator, `(item + i for i in range(3))`" in refused(SimpleFunctionPE(gives_later))
    assert "its function returns a generator" in refused(SimpleFunctionPE(lambda item: halves(item)))
    long = refused(SimpleFunctionPE(lambda item: (part for part in (item, item, item, item, item, item, item, item))))
    assert "`(part for part in (item, item, item, item, item, item, item,...`" in long


def makes_a_list(self, item):
    found = (part for part in item)
    found = list(found)
    return found


def is_given_one(self, item, halves=str):
    return halves(item)


def hides_the_name(self, item):
    halves = self.parts
    return halves(item)


def uses_one(self, item):
    def inner():
        return (part for part in item)

    for part in inner():
        self.write("output", sum(halves(part)))
        self.hand_on("output", halves(part))
    other = item
    other.write("output", halves(item))


@pytest.mark.parametrize("process", [makes_a_list, is_given_one, hides_the_name, uses_one, returns_a_list,
                                     returns_by_its_own, again])
def test_what_is_no_generator_when_it_leaves_is_taken(process):
    graph = WorkflowGraph()
    graph.add(type("Mine", (IterativePE,), {"_process": process, "parts": str, "more": more})())
    d4p_compile.plan(graph)


def test_what_can_not_be_read_is_taken():
    names = {"IterativePE": IterativePE}
    exec("class Unread(IterativePE):\n    def _process(self, x):\n        return (part for part in x)\n", names)
    graph = WorkflowGraph()
    graph.add(names["Unread"]())
    d4p_compile.plan(graph)


def test_a_write_of_the_users_own_may_take_generators():
    def write(self, name, data):
        for item in data:
            IterativePE.write(self, name, item)

    graph = WorkflowGraph()
    graph.add(type("Mine", (IterativePE,), {"_process": writes_one, "write": write})())
    d4p_compile.plan(graph)


@pytest.mark.parametrize("dtype", [">i4", "<i4", ">f8", ">c16", "M8[s]", "S3"])
def test_a_batch_has_the_dtype_of_its_items(dtype):
    item = np.zeros(3, dtype)
    assert Batch.stack([item, item]).columns.dtype == item.dtype
    (column, _) = Batch.stack([(item, 1), (item, 2)]).columns
    assert column.dtype == item.dtype and column[0].dtype.byteorder == item.dtype.byteorder


def test_a_matrix_is_not_stored_as_an_array():
    with pytest.raises(Misfit, match=r"a numpy.matrix \(np.asarray makes an array of it\)"):
        Fields.of((1, np.matrix([[1, 2]])))
