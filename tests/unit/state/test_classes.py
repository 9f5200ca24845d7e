"""Whether a PE keeps state, by whole classes: bases, helpers, properties, decorators, declarations."""

import csv
import dataclasses
import functools
import json
import logging
import os
import re

import numpy as np
import pytest

from d4p import BasePE, ConsumerPE, GenericPE, IterativePE, ProducerPE
from d4p.library.aggregate import CountPE, SumPE
from d4p_compile.analysis import may_write, state_of

from .examples import FROM_EXEC, Box, Setup, Tally, counted, find, traced


class Reloads(Setup):
    def _process(self, x):
        self._load()


class OpensInPreprocess(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.file = None

    def preprocess(self):
        self.file = open("/dev/null", "w")

    def _process(self, x):
        self.file.write(x)


class SetInPreprocess(IterativePE):
    def preprocess(self):
        self.seen = set()

    def _process(self, x):
        self.seen.add(x)


class LibraryFromPreprocess(IterativePE):
    def preprocess(self):
        from obspy.clients.filesystem.sds import Client

        self.client = Client("/tmp")
        self.data = json.loads("{}")
        self.window = np.hanning(5)

    def _process(self, x):
        stream = self.client.get_waveforms(x)
        stream.filter("bandpass", **self.data)
        return stream, self.data["x"], self.data.get(x), np.convolve(x, self.window)


class ReaderFromPreprocess(IterativePE):
    def preprocess(self):
        self.rows = csv.reader(["a,b"])

    def _process(self, x):
        return next(self.rows)


class IteratesLibraryResult(IterativePE):
    def preprocess(self):
        self.files = os.walk("/tmp")

    def _process(self, x):
        for name in self.files:
            return name


@dataclasses.dataclass(eq=False)
class DataClass(IterativePE):
    a: int = 1

    def __post_init__(self):
        IterativePE.__init__(self)

    def _process(self, x):
        return x + self.a


class UnknownFromPreprocess(IterativePE):
    def preprocess(self):
        self.model = find({}, 1)

    def _process(self, x):
        return self.model.predict(x)


class Hidden(Box):
    def _process(self, x):
        self.n = x


class Replaced(Hidden):
    """The stateful `_process` of its base class is never called."""

    def _process(self, x):
        return x


class CallsSuper(Hidden):
    def _process(self, x):
        return super()._process(x)


class CallsBase(Hidden):
    def _process(self, x):
        return Hidden._process(self, x)


class ByHelper(Box):
    def _process(self, x):
        return self._bucket(x).append(x)

    def _bucket(self, x):
        return self.buckets[x]


class ReadsByHelper(Box):
    def _process(self, x):
        return self._find(self.counts, x)

    def _find(self, table, x):
        return table.get(x)

    @staticmethod
    def double(x):
        return 2 * x

    @property
    def half(self):
        return self.by / 2


class PropertyCounts(Box):
    @property
    def value(self):
        self.n += 1
        return self.n

    def _process(self, x):
        return self.value


class Private(Box):
    def __init__(self):
        Box.__init__(self)
        self.__memo = {}

    def _process(self, x):
        return self.__find(x)

    def __find(self, x):
        self.__memo[x] = 1


class PrivateRead(Private):
    def __init__(self):
        Private.__init__(self)
        self.__table = {}

    def _process(self, x):
        return self.__table.get(x)

    _Private__find = None


class Cached(Box):
    @functools.lru_cache(maxsize=9)  # noqa: B019
    def slow(self, x):
        return x

    def _process(self, x):
        return self.slow(x)


class Counted(Box):
    @counted
    def _process(self, x):
        return x


class Traced(Box):
    @traced
    def _process(self, x):
        return x


class TracedState(Box):
    @traced
    def _process(self, x):
        self.n = x


class Ends(Box):
    def _postprocess(self):
        self.write("output", 1)


class ClassMethod(Box):
    @classmethod
    def note(cls):
        cls.made += 1

    def _process(self, x):
        self.note()


class DeclaredNone(Hidden):
    stateful = False


class DeclaredState(Box):
    stateful = True


class Partial(Box):
    _process = functools.partial(find, {})


class CallableObject(Box):
    _process = Tally()


class LambdaProcess(Box):
    _process = lambda self, x: self.items.append(x)  # noqa: E731


class LambdaNone(Box):
    _process = lambda self, x: x + self.by  # noqa: E731


@pytest.mark.parametrize(
    ("cls", "keeps", "why"),
    [
        (Setup, False, "no state"),
        (Reloads, True, "self.loaded in _load, line"),
        (OpensInPreprocess, True, "self.file.write"),
        (SetInPreprocess, True, "self.seen.add"),
        (LibraryFromPreprocess, False, ""),
        (ReaderFromPreprocess, True, "next item of self.rows"),
        (IteratesLibraryResult, True, "may be an iterator"),
        (DataClass, False, ""),
        (UnknownFromPreprocess, True, "isn't known before the run"),
        (Hidden, True, "assigns self.n in _process, line"),
        (Replaced, False, ""),
        (CallsSuper, True, "self.n"),
        (CallsBase, True, "self.n"),
        (ByHelper, True, "append"),
        (ReadsByHelper, False, ""),
        (PropertyCounts, True, "self.n in value"),
        (Private, True, "memo"),
        (Cached, False, ""),
        (Counted, True, "calls[0]"),
        (Traced, False, ""),
        (TracedState, True, "self.n"),
        (Ends, True, "overrides _postprocess"),
        (ClassMethod, True, "cls.made"),
        (DeclaredNone, False, "declared stateful = False"),
        (DeclaredState, True, "declared stateful = True"),
        (Partial, False, ""),
        (CallableObject, True, "self.n"),
        (LambdaProcess, True, "self.items.append"),
        (LambdaNone, False, ""),
        (FROM_EXEC, True, "can't be read"),
        (CountPE, True, ""),
        (SumPE, True, ""),
        (IterativePE, False, ""),
        (ConsumerPE, False, ""),
        (ProducerPE, False, ""),
        (GenericPE, False, ""),
        (BasePE, False, ""),
    ],
)
def test_classes(cls, keeps, why):
    state = state_of(cls())
    assert state.keeps == keeps, state
    assert why in state.why

@pytest.mark.parametrize("base", [dict, list, set])
def test_a_pe_that_is_a_container(base):
    state = state_of(type("Made", (IterativePE, base), {"_process": lambda self, x: x})())
    assert state.keeps and state.why == f"is a {base.__name__}"


def test_a_method_of_its_own_that_writes_is_no_preprocess():
    class Made(IterativePE):
        def write(self, name, data):
            IterativePE.write(self, name, data)

        def _process(self, x):
            return x

    assert "preprocess" not in state_of(Made()).why


def test_a_special_method_of_a_plain_class_that_can_not_be_read_is_not_taken_for_generated():
    made = {}
    exec("def __setattr__(self, name, value):\n    self.__dict__[name] = value", made)
    pe = type("Made", (IterativePE,), {"_process": lambda self, x: x, "__setattr__": made["__setattr__"]})()
    assert state_of(pe).keeps and "__setattr__" in state_of(pe).why


def test_a_list_of_the_users_own_is_a_list():
    class Rows(list):
        pass

    class Made(IterativePE):
        def __init__(self):
            IterativePE.__init__(self)
            self.rows = Rows()

        def _process(self, x):
            self.rows.append(x)
            return x

    assert re.fullmatch(r"calls self\.rows\.append in _process, line \d+", state_of(Made()).why)


def test_an_attribute_that_is_to_be_of_one_of_two_types():
    class Made(IterativePE):
        def _preprocess(self):
            self.found = {} if self.folder else []

        def preprocess(self):
            if self.numprocesses:
                self.found = {}
            else:
                self.found = []

        def _process(self, x):
            self.found.clear()
            return x

    state = state_of(Made())
    assert state.keeps and "self.found.clear" in state.why


def test_a_class_that_can_not_be_read_is_said_to_be_so_and_no_more():
    assert state_of(FROM_EXEC()).why == "source of _process can't be read"


class Bound:
    """A decorator that is a class; with `known` it says which function it is of."""

    def __init__(self, function, known=True):
        self.function = function
        if known:
            functools.update_wrapper(self, function)

    def __get__(self, pe, cls):
        return self if pe is None else functools.partial(self, pe)

    def __call__(self, pe, *arguments):
        return self.function(pe, *arguments)


def calls_help(self, x):
    return self.help(x)


def gives(self, x):
    return x


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("methods", "why"), [
    ({"_process": gives}, "calls self._process, an object that is given the PE"),
    ({"process": gives}, "calls self.process, an object that is given the PE"),
    ({"write": gives}, "calls self.write, an object that is given the PE"),
    ({"help": gives, "_process": calls_help}, "calls self.help in calls_help: what it does isn't known before the run"),
])  # fmt: skip
def test_an_object_in_the_place_of_a_method_may_do_anything(known, methods, why):
    names = {name: function if function is calls_help else Bound(function, known) for name, function in methods.items()}
    pe = type("Case", (Box,), names)()
    assert re.sub(r", line \d+", "", state_of(pe).why) == why and state_of(pe).keeps
    assert may_write(pe)


class Filters(logging.Filterer, Box):
    """The methods of the standard library's classes are left out."""

    def _process(self, x):
        return x


class Counts(Box):
    def _process(self, x):
        self.n += 1


class FiltersAndCounts(logging.Filterer, Counts):
    pass


def test_a_base_of_the_standard_library():
    assert not state_of(Filters()).keeps and state_of(FiltersAndCounts()).keeps
