"""Function PEs: globals, defaults, closures and callable objects."""

import functools
import json

import numpy as np
import pytest

from d4p import SimpleFunctionPE
from d4p_compile.analysis import state_of

from .examples import CACHE, COUNTS, Scale, Tally, f_default, f_plain, find, put

TOTAL = 0


def f_global(data):
    global TOTAL
    TOTAL += 1


def f_counts(data):
    COUNTS[data] += 1


def f_default_read(data, stop=frozenset("a"), table={}):  # noqa: B006
    return data in stop or table.get(data)


def f_attribute(data):
    f_attribute.n = data


def f_param(data, seen=None):
    seen.add(data)


def make_closure():
    n = 0
    seen = []

    def counts(data):
        nonlocal n
        n += 1
        return n

    def remembers(data):
        seen.append(data)

    def reads(data):
        return data in seen

    return counts, remembers, reads


c_counts, c_remembers, c_reads = make_closure()
two = (lambda x: x + 1, lambda x: COUNTS.update(x))


@pytest.mark.parametrize(
    ("fn", "params", "keeps"),
    [
        (f_plain, {}, False),
        (f_plain, {"by": 3}, False),
        (f_global, {}, True),
        (f_counts, {}, True),
        (f_default, {}, True),
        (f_default_read, {}, False),
        (f_attribute, {}, True),
        (f_param, {"seen": set()}, True),
        (c_counts, {}, True),
        (c_remembers, {}, True),
        (c_reads, {}, False),
        (functools.partial(f_plain, by=3), {}, False),
        (functools.partial(f_param, seen=set()), {}, True),
        (functools.partial(put, {}), {}, True),
        (functools.partial(find, {}), {}, False),
        (lambda x: x + 1, {}, False),
        (lambda x: CACHE.append(x), {}, True),
        (two[0], {}, False),
        (two[1], {}, True),
        (len, {}, False),
        (str.upper, {}, False),
        (np.sqrt, {}, False),
        (json.dumps, {"indent": 1}, False),
        ([].append, {}, True),
        (Scale(2), {}, False),
        (Tally(), {}, True),
        (Tally().add, {}, True),
        (Tally().look, {}, False),
        (functools.lru_cache(f_plain), {}, False),
        (eval("lambda x: x"), {}, True),
        (None, {}, False),
    ],
)
def test_functions(fn, params, keeps):
    pe = SimpleFunctionPE()
    pe.compute_fn, pe.params = fn, params
    assert state_of(pe).keeps == keeps, state_of(pe)


def test_a_function_that_a_process_of_the_object_s_own_stands_before_is_not_called():
    pe = SimpleFunctionPE()
    pe.compute_fn = f_counts
    assert state_of(pe).keeps
    pe._process = f_plain
    assert not state_of(pe).keeps
