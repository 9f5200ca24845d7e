"""What a PE makes before its first item: library objects, tables of methods, its rank, what it writes."""

import functools
import itertools
import json
import operator
import re
import sqlite3
import struct
import threading
import zlib

import pytest

from d4p_compile.analysis import state_of

from .box import process_of
from .examples import Box, Scale, Setup, Tally, box, find, g_rank


class Table(Box):
    """A table of methods: they are called per item."""

    def __init__(self):
        Box.__init__(self)
        self.table = {0: self.even, 1: self.odd}

    def even(self, x):
        self.n += 1

    def odd(self, x):
        return x

    def _process(self, x):
        return self.table[x](x)


class TableInPreprocess(Table):
    def __init__(self):
        Box.__init__(self)

    def preprocess(self):
        self.table = {0: self.even}


class TableOfSuper(Table):
    def __init__(self):
        Box.__init__(self)
        self.go = super().even

    def even(self, x):
        return x

    def _process(self, x):
        return self.go(x)


class TableByLambda(Table):
    def __init__(self):
        Box.__init__(self)
        self.go = lambda x: self.even(x)

    def _process(self, x):
        return self.go(x)


class TableByName(Table):
    def __init__(self, kind="even"):
        Box.__init__(self)
        self.go = getattr(self, kind)
        self.even(0)

    def _process(self, x):
        return self.go(x)


class TableThatReads(Table):
    def even(self, x):
        return self.n


def p_tally(self):
    self.t = Tally()


def p_scale(self):
    self.t = Scale(2)


def p_unknown(self):
    self.t = find({}, 1)


def p_partial(self):
    self.ids = itertools.count()
    self.t = functools.partial(next, self.ids)


def p_lambda(self):
    self.t = lambda x: self.items.append(x)


def p_sqlite(self):
    self.t = sqlite3.connect(":memory:")


def p_cursor(self):
    self.t = sqlite3.connect(":memory:").cursor()


def p_decompress(self):
    self.t = zlib.decompressobj()


def p_semaphore(self):
    self.t = threading.Semaphore(2)


def p_lock(self):
    self.t = threading.Lock()


def p_pattern(self):
    self.t = re.compile("a")


def p_struct(self):
    self.t = struct.Struct("i")


def p_getter(self):
    self.t = operator.itemgetter(0)


def p_objects(self):
    self.t = {"a": Tally()}


def p_texts(self):
    self.t = {"a": "b"}


def p_filled(self):
    self.t = {}


def t_call(self, x):
    return self.t(x)


def t_execute(self, x):
    return self.t.execute(x)


def t_decompress(self, x):
    return self.t.decompress(x)


def t_acquire(self, x):
    self.t.acquire()


def t_with(self, x):
    with self.t:
        return x


def t_match(self, x):
    return self.t.match(x), self.t.sub("", x)


def t_unpack(self, x):
    return self.t.unpack(x)


def t_inside(self, x):
    return self.t[x].add(1)


def t_inside_call(self, x):
    return self.t[x](1)


def t_inside_read(self, x):
    return self.t[x].strip(), self.t.get(x).upper()


@pytest.mark.parametrize(
    ("preprocess", "process", "keeps"),
    [
        (p_tally, t_call, True),
        (p_scale, t_call, False),
        (p_unknown, t_call, True),
        (p_partial, t_call, True),
        (p_lambda, t_call, True),
        (p_getter, t_call, False),
        (p_sqlite, t_execute, True),
        (p_cursor, t_execute, True),
        (p_sqlite, t_with, True),
        (p_decompress, t_decompress, True),
        (p_semaphore, t_acquire, True),
        (p_lock, t_with, False),
        (p_pattern, t_match, False),
        (p_struct, t_unpack, False),
        (p_objects, t_inside, True),
        (p_objects, t_inside_call, True),
        (p_filled, t_inside_call, True),
        (p_texts, t_inside_read, False),
    ],
)
def test_made_before_the_first_item(preprocess, process, keeps):
    late = type("Late", (Box,), {"_process": process, "preprocess": preprocess})()
    early = type("Early", (Box,), {"_process": process})()
    preprocess(early)
    assert state_of(late).keeps == keeps, state_of(late)
    if preprocess is not p_unknown:  # None, which can't be called
        assert state_of(early).keeps == keeps, state_of(early)


@pytest.mark.parametrize(
    ("cls", "keeps"),
    [
        (Table, True),
        (TableInPreprocess, True),
        (TableOfSuper, True),
        (TableByLambda, True),
        (TableByName, True),
        (TableThatReads, False),
    ],
)
def test_methods_taken_in_setup(cls, keeps):
    assert state_of(cls()).keeps == keeps, state_of(cls())


class RankInPreprocess(Box):
    def preprocess(self):
        self._more()

    def _more(self):
        self.seed = self.rank


class RankInInit(Box):
    def __init__(self):
        Box.__init__(self)
        self.first = self.rank


class WritesInPreprocess(Box):
    def _preprocess(self):
        self.write("output", 1)


class WritesByHelper(Box):
    def preprocess(self):
        self.head()

    def head(self):
        self._write("output", 1)


class WritesLater(Box):
    def preprocess(self):
        self.path = "x"
        with open("/dev/null", "w") as out:
            out.write(self.path)

    def _process(self, x):
        self.write("output", x)


@pytest.mark.parametrize(
    ("cls", "keeps", "why"),
    [
        (RankInPreprocess, True, "reads self.rank"),
        (RankInInit, False, ""),
        (WritesInPreprocess, True, "writes in preprocess"),
        (WritesByHelper, True, "writes in preprocess"),
        (WritesLater, False, ""),
    ],
)
def test_preprocess(cls, keeps, why):
    state = state_of(cls())
    assert state.keeps == keeps, state
    assert why in state.why


def test_rank_and_write_put_on_the_object():
    assert state_of(box(g_rank)).why.startswith("reads self.rank")
    pe = Box()
    pe.preprocess = lambda: pe.write("output", 1)
    assert state_of(pe).why == "writes in preprocess"
    pe = Box()
    pe._process = lambda x: pe.rank
    assert state_of(pe).why == "reads self.rank"


class PortsByNumber(Box):
    def __init__(self):
        Box.__init__(self)
        for i in range(2):
            self.outputconnections[f"output{i}"] = {"name": f"output{i}"}

    def _process(self, x):
        return x


class TableByText(Box):
    def __init__(self):
        Box.__init__(self)
        self.table = {}

    def _process(self, x):
        self.table[f"{x}"] = x


def test_source_with_braces():
    assert not state_of(PortsByNumber()).keeps
    assert state_of(TableByText()).keeps and "self.table" in state_of(TableByText()).why


class Measured(Box):
    """Properties run where they are mentioned: before the first item."""

    def preprocess(self):
        self.first, self.second = self.size, self.length

    @property
    def size(self):
        self.n = len(self.items)
        return self.n

    @functools.cached_property
    def length(self):
        self.n = 7
        return self.n

    def _process(self, x):
        return x


class MeasuredForEach(Measured):
    def _process(self, x):
        return self.size


def test_a_property_that_is_only_looked_at_before_the_first_item():
    assert not state_of(Measured()).keeps and state_of(MeasuredForEach()).keeps


class AssignsInPreprocess(Box):
    def preprocess(self):
        self.table = open("a")
        self.decoder = json.JSONDecoder()
        self.brought = operator.add([1], [2])


@pytest.mark.parametrize(("expression", "keeps"), [
    ("self.tally.table.get(x)", False), ("self.table.get(x)", True), ("self.decoder.decode(x)", False),
    ("self.decoder.scanner.frobnicate(x)", True), ("self.brought[0].frobnicate(x)", True), ("self.brought[0]", False),
    ("self.brought.get(x)", False), ("self.brought.get(x).append(1)", True), ("self.brought.copy().get(x)", False),
])  # fmt: skip
def test_what_is_known_of_what_preprocess_assigns(expression, keeps):
    assert state_of(type("Case", (AssignsInPreprocess,), {"_process": process_of(expression)})()).keeps is keeps


class LoadsAfterALambda(Setup):
    def preprocess(self):
        self.key = lambda x: x
        self._load()

    def _process(self, x):
        return self.loaded


class LoadsAfterAFunction(LoadsAfterALambda):
    def preprocess(self):
        def key(x):
            return x

        self.key = key
        self._load()


class LoadsInAFunction(LoadsAfterALambda):
    def preprocess(self):
        def load():
            self._load()

        self.load = load


class LoadsInALambda(LoadsAfterALambda):
    def preprocess(self):
        self.load = lambda: self._load()


def test_what_functions_within_preprocess_call_may_run_at_any_time():
    assert not state_of(LoadsAfterALambda()).keeps and not state_of(LoadsAfterAFunction()).keeps
    assert state_of(LoadsInALambda()).keeps and state_of(LoadsInAFunction()).keeps
