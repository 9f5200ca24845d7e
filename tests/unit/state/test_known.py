"""What is known of libraries' classes by the names of their methods."""

import argparse
import array
import ast
import csv
import functools
import importlib
import io
import json
import linecache
import operator
import queue
import random
import secrets
import sys
import threading
import types
from collections import ChainMap, deque

import numpy as np
import pandas as pd
import pytest

from d4p_compile.analysis import known, origin, state_of
from d4p_compile.analysis.expressions import local_names
from d4p_compile.analysis.refs import Root
from d4p_compile.analysis.source import Unreadable, plain_functions, read
from d4p_compile.analysis.values import UNSET

from .box import each, process_of
from .examples import box


def kind(*names):
    return type("Kind", (), {"__module__": "somelib"} | dict.fromkeys(names, lambda self: None))


@pytest.mark.parametrize("other", ["readline", "seek", "tell", "recv"])
def test_what_reads_and_has_a_place_moves_on(other):
    assert not known.reads_of(kind("read", other), "read")
    assert not known.reads_of(kind("read", other), "get_one")
    assert known.reads_of(kind("read", other), "find") and known.reads_of(kind("read"), "read")


def test_what_is_got_from_a_queue_is_gone():
    assert not known.reads_of(kind("get", "put"), "get") and not known.reads_of(kind("get", "put"), "get_nowait")
    assert known.reads_of(kind("get"), "get") and known.reads_of(kind("get", "put"), "find")
    assert known.reads_of(kind("put"), "get_one")


@pytest.mark.parametrize("module", ["pandas", "pandas.core.frame", "polars", "polars.dataframe", "shapely.geometry"])
def test_objects_of_some_modules_change_by_few_names_alone(module):
    made = type("Kind", (), {"__module__": module})
    assert known.reads_of(made, "buffer") and not known.reads_of(made, "sample")
    assert not known.reads_of(kind(), "buffer")


@pytest.mark.parametrize("name", ["read", "read1", "readline", "readlines", "readall", "readinto", "readuntil",
                                  "readexactly"])  # fmt: skip
def test_a_file_that_a_library_gave_moves_on(name):
    assert name in known.MOVES_A_FILE


@pytest.mark.parametrize("name", ["rand", "randn", "normal", "bernoulli", "multinomial", "manual_seed"])
def test_torch_draws_from_a_generator_of_its_own(name):
    made = types.FunctionType((lambda: None).__code__, {})
    made.__module__, made.__name__ = "torch", name
    assert known.draws_from(made) == "torch"
    made.__name__ = "sum"
    assert known.draws_from(made) is None


def test_what_is_run_as_the_program_is_the_users_wherever_it_lies(monkeypatch):
    """As pytest's own is, and that of a notebook."""
    main = types.ModuleType("__main__")
    main.__file__ = "/nowhere/site-packages/pytest/__main__.py"
    monkeypatch.setitem(sys.modules, "__main__", main)
    origin._origin.cache_clear()
    assert origin.is_user(types.FunctionType((lambda: None).__code__, {"__name__": "__main__"}))


@pytest.mark.parametrize(("module", "harmless"), [
    ("scipy.interpolate._cubic", True), ("numpy.polynomial", True), ("scipy.optimize", False)])
def test_library_objects_that_may_be_called(module, harmless):
    assert known.is_harmless_to_call(type("Made", (), {"__module__": module})) is harmless


def test_roots_are_equal_by_kind_and_name():
    assert Root("param", "x") == Root("param", "x") and len({Root("param", "x"), Root("param", "x")}) == 1
    assert Root("param", "x") != Root("param", "y") and Root("param", "x") != Root("self", "x")
    assert Root("param", "x") != "x"


@pytest.mark.parametrize("text", ["def f(:\n", "def f(x):\n    return x\0\n"])
def test_a_file_that_has_become_something_else_is_not_read(text):
    names = {}
    exec(compile("def f(x):\n    return x\n", "/nowhere/changed.py", "exec"), names)
    linecache.cache["/nowhere/changed.py"] = (len(text), None, text.splitlines(True), "/nowhere/changed.py")
    with pytest.raises(Unreadable):
        read(names["f"])


@pytest.mark.parametrize("now", ["def f(x, y):\n    return x\n", "def f(y):\n    return y\n"])
def test_a_function_that_has_other_arguments_by_now_is_not_read(now):
    names = {}
    exec(compile("def f(x):\n    return x\n", "/nowhere/other.py", "exec"), names)
    linecache.cache["/nowhere/other.py"] = (len(now), None, now.splitlines(True), "/nowhere/other.py")
    with pytest.raises(Unreadable):
        read(names["f"])


def test_what_wraps_itself_is_found_once():
    def outer():
        pass

    def inner():
        pass

    outer.__wrapped__, inner.__wrapped__ = inner, outer
    assert plain_functions(outer) == [outer, inner]


def test_a_function_of_nothing_is_named_by_itself():
    assert known.qualified([].append) == ".append" and known.qualified(json.loads) == "json.loads"
    assert known.qualified(operator.add) == "operator.add"


@pytest.mark.parametrize("name", ["seed", "sample", "ranf", "rand", "normal", "set_state"])
def test_functions_of_numpy_random_draw_from_its_generator(name):
    assert known.draws_from(getattr(np.random, name)) == "numpy.random"


def test_a_variable_around_a_function_that_is_not_assigned_yet_is_left_out():
    def function():
        return known, later, said

    said = 1
    found = read(function).closure
    later = 2
    assert found == {"said": 1} and later == 2


def test_a_module_in_a_folder_of_the_name_of_one_of_the_standard_librarys_is_the_users(monkeypatch, tmp_path):
    made = types.ModuleType("code.mine")
    made.__file__ = str(tmp_path / "code" / "mine.py")
    monkeypatch.setitem(sys.modules, "code.mine", made)
    origin._origin.cache_clear()
    assert origin.is_user(types.FunctionType((lambda: None).__code__, {"__name__": "code.mine"}))
    assert origin.is_stdlib(types.FunctionType((lambda: None).__code__, {"__name__": "itertools"}))


def test_what_is_not_there_yet_is_unknown():
    assert repr(UNSET) == "unknown"


@pytest.mark.parametrize("name", ["generic", "dtype", "ufunc", "poly1d", "finfo", "iinfo", "float64"])
def test_types_of_numpy_that_change_nothing(name):
    assert known.kind_of(getattr(np, name)) == "harmless"


def test_random_numbers_of_the_system_are_drawn_from_no_generator():
    assert known.draws_from(secrets.randbelow) is None and known.draws_from(secrets.randbits) is None


NAMES = """
def f(a, /, b, *c, d=1, **e):
    import g.h
    import i as j
    from k import l as m, n
    global p
    o = p = q = 1
    q += 1
    for r in a:
        pass
    with a as s:
        pass
    try:
        pass
    except ValueError as t:
        pass
    except KeyError:
        pass
    def u(x):
        nested = 1
    class v:
        attribute = 1
    match a:
        case [w, *x]:
            pass
        case y:
            pass
    (z := 1)
    lambda hidden: 0
    return other.attribute
"""


def test_the_names_that_a_function_binds():
    assert sorted(local_names(ast.parse(NAMES).body[0])) == sorted("abcdegjmnoqrstuvwxyz")
    assert local_names(ast.parse("lambda a: (b := a)", mode="eval").body) == {"a", "b"}


@pytest.mark.parametrize("expression", [
    *each("NAME(self.ids)", "sum any all min max sorted list tuple set frozenset dict enumerate zip reversed iter"),
    "list(filter(None, self.ids))", "list(map(str, self.ids))", "list(map(self.seen.add, x))",
    "list(filter(self.seen.add, x))", "min(self.buckets).append(x)", "max(self.buckets).append(x)",
    *each("[y.append(1) for y in NAME(self.buckets)]", "sorted list tuple set frozenset reversed iter"),
    *each("[y.append(1) for _, y in NAME(self.buckets, self.buckets)]", "enumerate zip"),
    "[y.append(1) for y in filter(None, self.buckets)]", "dict(self.groups)['a'].append(1)",
    "next(iter(self.buckets)).append(1)",
])  # fmt: skip
def test_builtins_that_take_what_is_inside(expression):
    assert state_of(box(process_of(expression))).keeps


@pytest.mark.parametrize("expression", [
    *each("x.NAME(self.counts)", "info debug warning error exception log write append join update dot"),
    "list(self.items).append(1)", "sorted(self.items).append(1)", "set(self.items).add(1)", "dict(self.groups).clear()",
    *each("NAME(self)", "id repr str print hash callable bool type"), "isinstance(self, int)", "hasattr(self, x)",
])  # fmt: skip
def test_builtins_and_methods_that_change_nothing(expression):
    assert not state_of(box(process_of(expression))).keeps


@pytest.mark.parametrize(("name", "positions"), [
    *((f"heapq.{name}", (0,)) for name in ("heappush", "heappop", "heapify", "heapreplace", "heappushpop")),
    *((f"bisect.{name}", (0,)) for name in ("insort", "insort_left", "insort_right")),
    *((f"operator.{name}", (0,)) for name in ("setitem", "delitem", "iadd", "iconcat", "ior", "isub", "imul", "iand",
                                              "ixor", "itruediv", "ifloordiv", "imatmul")),
    *((f"numpy.{name}", (0,)) for name in ("copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis")),
    ("random.shuffle", (0,)), ("numpy.random.shuffle", (0,)), ("builtins.setattr", (0,)), ("builtins.delattr", (0,)),
    ("struct.pack_into", (1,)), ("os.readv", (1,)), ("os.preadv", (1,)), ("numpy.clip", (3,)), ("numpy.ndarray", ()),
    ("numpy.add", (2, 3, 4)), ("numpy.negative", (1, 2, 3, 4)), ("math.fsum", ()), ("builtins.len", ()),
])  # fmt: skip
def test_which_arguments_a_function_of_a_library_changes(name, positions):
    module, _, function = name.rpartition(".")
    assert known.changed_positions(getattr(importlib.import_module(module), function), 5) == positions
    assert known.changed_positions(getattr(importlib.import_module(module), function), 0) == ()


def test_an_argument_out_says_nothing_outside_of_numpy():
    def function(x, out):
        pass

    assert known.changed_positions(function, 2) == ()
    function.__module__ = "scipy.ndimage"
    assert known.changed_positions(function, 2) == (1,)


@pytest.mark.parametrize(("name", "reads"), [
    *dict.fromkeys("get upper argmax isnull hex predict_proba is_open hasNext from_x".split(), True).items(),
    *dict.fromkeys("data append get_nowait readinto isolate history fill sample load_weights".split(), False).items(),
])  # fmt: skip
def test_methods_that_read_by_their_name(name, reads):
    assert known.reads(name) is reads


def test_types_that_change_nothing_by_their_name(monkeypatch):
    assert known.kind_of(random.SystemRandom) == "harmless"
    module = types.ModuleType("obspy.core.utcdatetime")
    module.__file__ = "/nowhere/site-packages/obspy/core/utcdatetime.py"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    origin._origin.cache_clear()
    for name, kind in ("UTCDateTime", "harmless"), ("Other", "library"):
        assert known.kind_of(type(name, (), {"__module__": module.__name__})) == kind


@pytest.mark.parametrize(("file", "where"), [
    ("/nowhere/site-packages/lib.py", "site"), ("/nowhere/dist-packages/lib.py", "site"), ("/nowhere/lib.py", "user"),
    (None, "user"), (linecache.__file__, "stdlib"),
])  # fmt: skip
def test_where_a_module_comes_from(monkeypatch, file, where):
    module = types.ModuleType("d4p_tests_lib")
    module.__file__ = file
    monkeypatch.setitem(sys.modules, module.__name__, module)
    origin._origin.cache_clear()
    assert origin._origin(module.__name__) == where


@pytest.mark.parametrize(("cls", "kind"), [
    (type(csv.writer(io.StringIO())), "stream"), (type(csv.reader([])), "stream"), (random.Random.__base__, "stream"),
    (random.Random, "stream"), (np.random.Generator, "stream"), (np.random.RandomState, "stream"),
    (io.BytesIO, "stream"),
    (queue.Queue, "stream"), (type(iter("")), "stream"), (np.ndarray, "container"), (deque, "container"),
    (bytearray, "container"), (array.array, "container"), (ChainMap, "container"), (memoryview, "container"),
    (types.MethodType, "callable"), (functools.partial, "callable"), (json.JSONDecoder, "harmless"),
    (type(threading.Lock()), "harmless"), (operator.methodcaller, "harmless"), (type(None), "harmless"),
    (argparse.Namespace, "library"), (pd.DataFrame, "library"),
])  # fmt: skip
def test_kinds_of_types(cls, kind):
    assert known.kind_of(cls) == kind


class _Hidden:
    def method(self):
        pass


def test_the_class_whose_private_names_a_function_sees():
    def within():
        pass

    class Within:
        def method(self):
            pass

    found = [read(each).owner for each in (_Hidden.method, within, Within.method, process_of)]
    assert found == ["Hidden", "", "Within", ""]


def some(a, /, b, *c, d=1, e=2, **f):
    return a


def test_what_is_read_of_a_function():
    found = read(some)
    assert (found.positional, found.parameters) == (["a", "b"], ["a", "b", "d", "e", "c", "f"])
    assert found.defaults == {"d": 1, "e": 2} and found.name == "some" and found.globals is some.__globals__
    one, other = (lambda x, y=1: x), (lambda x, y=2: y)
    assert [ast.unparse(read(each).body[0]) for each in (one, other)] == ["return x", "return y"]
    assert [read(each).defaults for each in (one, other)] == [{"y": 1}, {"y": 2}]
