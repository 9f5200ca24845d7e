"""Methods that change something outside the PE, through a library or a global, and such that only seem to."""

import collections
import datetime as dt
import inspect
import itertools
import os
import random
import struct
import uuid

import numpy as np
import pytest

from d4p import SimpleFunctionPE
from d4p_compile.analysis import State, arrays, state_of

from .examples import CACHE, box, g_rank  # noqa: F401 - collected with the others below


def g_random(self, x):
    return random.random()


def g_choice(self, x):
    return random.choice(x)


def g_numpy(self, x):
    return np.random.rand(), np.random.normal()


def g_seed(self, x):
    np.random.seed(1)


def g_key(self, x):
    return sorted(x, key=lambda y: random.random())


def g_map(self, x):
    return list(map(random.randrange, x))


def g_pack_into(self, x):
    struct.pack_into("i", self.items, 0, x)


def g_readinto(self, x):
    with open(x, "rb") as file:
        file.readinto(self.array)


def g_shuffle(self, x):
    np.random.shuffle(self.items)


def g_ufunc_out(self, x):
    np.add(x, 1, self.array)


def g_second_out(self, x):
    np.divmod(x, 2, np.empty(3), self.array)


def g_chained(self, x):
    for row in itertools.chain(self.rows):
        row.append(x)


def g_out_by_position(self, x):
    np.clip(x, 0, 1, self.array)


def g_out_of_a_method_by_position(self, x):
    x.clip(0, 1, self.array)


def g_out_of_a_method_of_its_own_array(self, x):
    self.array.cumsum(0, None, self.array)


def g_descriptor(self, x):
    list.append(self.items, x)


def g_inplace(self, x):
    self.frame.drop(x, inplace=True)


def g_stdout_method(self, x):
    add = CACHE.append
    add(x)


def g_bound_global(self, x):
    ADD(x)


def g_rank_by_helper(self, x):
    return ranked(self)


ADD = CACHE.append


def ranked(pe):
    return f"{pe.rank}"


def h_own_generator(self, x):
    rng = random.Random(x)
    other = np.random.default_rng(x)
    return rng.random(), rng.choice([1]), other.normal()


def h_struct(self, x):
    buffer = bytearray(4)
    struct.pack_into("i", buffer, 0, x)
    return struct.pack("i", self.n), struct.unpack_from("i", buffer)


def h_ufunc(self, x):
    return np.add(self.array, 1), np.clip(self.array, 0, 1), np.sum(self.array, 0)


def h_methods_of_arrays(self, x):
    return x.clip(self.array, self.array), x.take(self.array, 0), self.array.trace(0, 0, 1, None), x.put(0, self.array)


def h_keywords(self, x):
    return self.text.format(n=self.counts, out=1)


def h_descriptor(self, x):
    return dict.get(self.counts, x), str.upper(self.text)


def h_frame(self, x):
    return self.frame.drop(x, inplace=False), self.frame.groupby("a").sum(), self.frame.rename(columns={})


def h_classes(self, x):
    return dt.datetime.now(), dt.date.fromisoformat(x), collections.OrderedDict.fromkeys(x)


def h_system_random(self, x):
    return uuid.uuid4(), os.urandom(3)


@pytest.mark.parametrize("process", [f for n, f in list(globals().items()) if n.startswith("g_")])
def test_changes_something(process):
    assert state_of(box(process)).keeps


@pytest.mark.parametrize("process", [f for n, f in list(globals().items()) if n.startswith("h_")])
def test_changes_nothing(process):
    assert state_of(box(process)) == State(False, "no state found")


def test_every_method_of_arrays_has_its_out_where_the_function_of_that_name_has_it():
    for name in arrays.METHODS & set(dir(np.ndarray)):
        function = getattr(np, name, None)
        try:
            parameters = list(inspect.signature(function).parameters)
        except (TypeError, ValueError):
            continue
        if inspect.isroutine(getattr(np.ndarray, name)) and "out" in parameters and not isinstance(function, np.ufunc):
            assert arrays.OUT.get(name) == parameters.index("out") - 1, name  # without the array itself
    assert np.array([2, 3]).dot(2, out := np.zeros(2, int)) is out and arrays.OUT["dot"] == 1


def test_says_which_generator():
    assert "draws from the global generator random" in state_of(box(g_choice)).why
    assert "draws from the global generator numpy.random" in state_of(box(g_numpy)).why
    pe = SimpleFunctionPE()
    pe.compute_fn = random.choice
    assert "draws from the global generator random" in state_of(pe).why
