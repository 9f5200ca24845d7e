"""What preprocess will have assigned to attributes: their types, as far as its source tells them."""

import copy
import csv
import functools
import importlib.util
import io
import json
import linecache
import logging
import multiprocessing
import operator
import pickle
import queue
import re
import threading
import types
from collections.abc import Sized
from pathlib import Path

import numpy as np
import pytest
from numpy import zeros

from d4p_compile.analysis.setup_types import LibraryResult, assigned_types

from .examples import Tally, find


def displays(self):
    self.a, other = 1, 2
    self.list, self.dict, self.set = [], {}, {1}
    self.l = [1]
    self.lc = [n for n in (1, 2)]
    self.d = {}
    self.dc = {n: n for n in (1, 2)}
    self.s = {1}
    self.t = (1, 2)
    self.f = f"{other}"
    self.g = (n for n in (1, 2))
    self.c = 1 < 2
    self.fn = lambda x: x
    self.number = 1
    self.text = "x"
    self.none = None
    self.of_another = find
    find.attribute = 1


def library(self):
    self.pattern = re.compile("a")
    self.logger = logging.getLogger("x")
    self.rng = np.random.default_rng(1)
    self.array = np.zeros(3)
    self.seed = np.random.SeedSequence(1)
    self.file = open("x")
    self.opened = Path("x").open()  # the class isn't asked
    self.named = zeros(3)
    self.lock, self.rlock = threading.Lock(), threading.RLock()
    self.lock = threading.Lock()
    self.queue = queue.Queue()
    self.rows = csv.reader(["a"])
    self.document = json.loads("[]")
    self.tally = Tally()


def inside(self):
    from json import JSONDecoder as Decoder

    self.decoder = Decoder()
    self.queue = multiprocessing.Queue()
    self.simple = multiprocessing.SimpleQueue()
    self.joinable = multiprocessing.JoinableQueue()


def brought(self):
    self.a = pickle.loads(b"")
    self.b = copy.copy(self)
    self.c = operator.add(1, 2)
    self.d = importlib.import_module("json")
    self.e = find({}, 1)
    self.f = sorted([1])
    self.g = importlib.util.find_spec("json")
    self.h = functools.reduce(find, [])


def texts(self):
    self.a = "{}".format(1)  # noqa: UP032
    self.b = ",".join(["a"])
    self.c = " a ".strip()
    self.d = "a b".split()


def otherwise(self, other):
    with open("x") as self.file:
        pass
    for self.n in (1, 2):
        pass
    for self.p, other.q in ((1, 2),):
        pass
    self.total: int = 1
    self.total += 2.5
    other.seen = self.both = 1
    self.inner.name = 1


@pytest.mark.parametrize(("function", "found"), [
    (displays, {"a": None, "list": None, "dict": None, "set": None, "l": list, "lc": list, "d": dict, "dc": dict,
                "s": set, "t": tuple, "f": str, "g": types.GeneratorType, "c": bool, "fn": types.FunctionType,
                "number": int, "text": str, "none": type(None), "of_another": None}),
    (library, {"pattern": re.Pattern, "logger": logging.Logger, "rng": np.random.Generator, "array": np.ndarray,
               "seed": np.random.SeedSequence, "file": io.IOBase, "opened": None, "named": LibraryResult,
               "lock": {None, type(threading.Lock())}, "rlock": None, "queue": queue.Queue,
               "rows": type(csv.reader([])), "document": LibraryResult, "tally": Tally}),
    (inside, {"decoder": json.JSONDecoder, "queue": queue.Queue, "simple": queue.Queue, "joinable": queue.Queue}),
    (brought, dict.fromkeys("abcdefgh")),
    (texts, {"a": str, "b": str, "c": str, "d": None}),
    (otherwise, {"file": io.IOBase, "n": None, "p": None, "total": {int, float}, "both": int}),
])  # fmt: skip
def test_the_types_that_are_assigned(function, found):
    expected = {name: frozenset(kind if isinstance(kind, set) else {kind}) for name, kind in found.items()}
    assert assigned_types([function]) == expected


def test_what_several_functions_assign():
    assert assigned_types([texts, brought])["a"] == {str, None}


def imports(self):
    import json as reader

    from d4p_unloaded.models import Model
    from d4p_unloaded.models import load as loaded

    from .examples import Tally as Near

    self.decoder = reader.JSONDecoder()
    self.model, = [1]
    self.made = Model()
    self.loaded = loaded()
    self.near = Near()


@pytest.mark.parametrize(("spec", "kind"), [
    ({"origin": "/nowhere/site-packages/d4p_unloaded/__init__.py"}, Sized), ({"origin": "/nowhere/mine.py"}, None),
    ({"origin": None}, None), (None, None),
])  # fmt: skip
def test_what_a_method_imports(monkeypatch, spec, kind):
    """Of a library that isn't loaded yet, a class is only known to be one."""
    asked = []

    def find_spec(name):
        asked.append(name)
        return spec and types.SimpleNamespace(**spec)

    monkeypatch.setattr("importlib.util.find_spec", find_spec)
    assert assigned_types([imports]) == {
        "decoder": {json.JSONDecoder}, "model": {None}, "made": {kind}, "loaded": {None}, "near": {None}}
    assert set(asked) == {"d4p_unloaded"}


def joins(self, given):
    self.a = "".join(given)
    self.b = given.format(1)
    self.c = given.strip().upper()
    self.d = join(given)
    self.e = given + 1
    self.f = [*given]
    self.g = np.random.default_rng
    self.h: list
    self.i = multiprocessing.Manager()
    self.j = json.load(given)
    self.k = pickle.load(given)
    self.l = csv.writer(given)
    self.m = io.open(given)  # noqa: UP020
    self.n = np.array
    self.o = given.items.open()
    self.p = []
    self.p, self.q = given
    [self.r] = given


def join(given):
    return given


def test_what_calls_give():
    text, unknown = {str}, {None}
    assert assigned_types([joins]) == {
        "a": text, "b": text, "c": unknown, "d": unknown, "e": unknown, "f": {list}, "g": unknown, "h": unknown,
        "i": {LibraryResult}, "j": {LibraryResult}, "k": {LibraryResult}, "l": {type(csv.reader([]))},
        "m": {io.IOBase}, "n": unknown, "o": unknown, "p": {list, None}, "q": unknown, "r": unknown}


@pytest.mark.parametrize("module", ["pickle", "_pickle", "cloudpickle", "dill", "dill._dill", "joblib.numpy_pickle"])
def test_what_is_read_of_a_pickle_is_a_librarys(module):
    made = types.FunctionType((lambda file: None).__code__, {"__name__": module}, "load")
    made.__module__ = module
    names = {"load": made}
    file = f"/nowhere/{module}.py"
    lines = ["def setup(self):\n", "    self.model = load(open('a'))\n"]
    linecache.cache[file] = len("".join(lines)), None, lines, file
    exec(compile("".join(lines), file, "exec"), names)
    assert assigned_types([names["setup"]]) == {"model": {LibraryResult}}
    made.__name__ = "loads"
    assert assigned_types([names["setup"]]) == {"model": {None}}
