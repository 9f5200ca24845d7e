"""Which PEs take a batch in the place of its items."""

import json

import pytest

import d4p
from d4p import ConsumerPE, IterativePE, SimpleFunctionPE
from d4p_compile.analysis import may_write
from d4p_compile.analysis.batches import has_batches, has_singly, takes_batches


class Both(IterativePE):
    def _process(self, item):
        return item

    def process_batch(self, inputs):
        return inputs


class Inherits(Both):
    pass


class AnotherSingly(Both):
    def _process(self, item):
        return -item


class BothAgain(AnotherSingly):
    def process_batch(self, inputs):
        return None


class BatchesAlone(ConsumerPE):
    def process_batch(self, inputs):
        return None


class Singly(IterativePE):
    def _process(self, item):
        return item


class OddBatches(Both):
    def process_batch(self):
        return None


class Called(SimpleFunctionPE):
    def process_batch(self, inputs):
        return inputs


@pytest.mark.parametrize(("cls", "batches", "singly", "takes"), [
    (Both, True, True, True), (Inherits, True, True, True), (AnotherSingly, True, True, False),
    (BothAgain, True, True, True), (BatchesAlone, True, False, False), (Singly, False, True, False),
    (OddBatches, False, True, False), (Called, True, True, True),
])  # fmt: skip
def test_which_take_batches(cls, batches, singly, takes):
    pe = cls()
    assert (has_batches(pe), has_singly(pe), takes_batches(pe)) == (batches, singly, takes)


def test_methods_of_the_object_s_own():
    pe = Both()
    pe._process = lambda item: item
    assert not takes_batches(pe)
    pe.process_batch = lambda inputs: inputs
    assert takes_batches(pe)


def test_a_function_in_the_place_of_a_method_may_write_where_it_can_not_be_read():
    pe = Singly()
    pe._process = lambda item: item
    assert not may_write(pe)
    names = {}
    exec("def unread(item):\n    return item\n", names)
    pe._process = names["unread"]
    assert may_write(pe)


def test_whoever_is_handed_the_pe_may_write():
    def hands_over(self, x):
        return x[0](self)

    assert may_write(type("Case", (IterativePE,), {"_process": hands_over})())


def test_a_method_of_a_base_class_that_is_named_with_its_module_does_not_write():
    def dotted(self, x):
        d4p.IterativePE.preprocess(self)
        return x

    def of_another(self, x):
        json.JSONDecoder.decode(self)
        return x

    written = [may_write(type("Case", (IterativePE,), {"_process": each})()) for each in (dotted, of_another)]
    assert written == [False, True]


def test_an_attribute_of_the_pe_that_has_no_name_may_be_write():
    def by_name(self, x):
        return getattr(self, "table"), x  # noqa: B009

    def by_any(self, x):
        return getattr(self, x)

    def by_none(self, x):
        return getattr(self, **x)

    written = [may_write(type("Case", (IterativePE,), {"_process": each})()) for each in (by_name, by_any, by_none)]
    assert written == [False, True, True]
