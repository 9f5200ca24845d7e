"""Which PEs may write, and whether with keywords."""

import collections
import functools
import types

import numpy as np
import pytest

from d4p import GenericPE, IterativePE, ProducerPE, SimpleFunctionPE
from d4p_compile.analysis import call_style, calls, may_write, overrides_write, writes_keywords

from .examples import FROM_EXEC, Box, Print, box, f_plain, peek
from .reading import n_local, n_log, n_read, n_write


class KeepsWrite(Box):
    def __init__(self):
        Box.__init__(self)
        self.emit = self.write

    def _process(self, x):
        self.emit("output", x)


class OverridesWrite(Box):
    def write(self, name, data, **kwargs):
        super().write(name, data)


def w_yes(this, x):
    this._write("output", x)


def w_lambda(self, x):
    return list(map(lambda y: self.write("output", y), x))


def w_getattr(self, x):
    return getattr(self, x)(1)


def w_getattr_write(self, x):
    return getattr(self, "write")("output", x)  # noqa: B009


def w_passes(self, x):
    return peek(self, x)


def w_stores(self, x):
    x.owner = self


def w_type(self, x):
    return type(self).write(self, "output", x)


def w_attribute(self, x):
    return self.__getattribute__("write")("output", x)


def w_compares_and_gives(self, x):
    return x == self, [self]


def w_none(*args):
    args[0].write("output", 1)


def w_base(self, x):
    return GenericPE.write(self, "output", x)


def wn_file(self, x):
    with open("/dev/null", "w") as out:
        out.write(x)


def wn_base(self, x):
    return IterativePE._process(self, x), super(Box, self)._process(x), isinstance(self, Box), getattr(self, "n")  # noqa: B009


def wn_forgets(self, x):
    self = None  # noqa: F841
    return x


def wn_says(self, x):
    return f"{self}: {x}", x == self, len(self), hasattr(self, "n"), setattr(self, "n", 1)  # noqa: B010


class Stranger:
    def helper(self, x):
        return self.write("output", x)


def w_of_a_class_that_is_no_base(self, x):
    return Stranger.helper(self, x)


GRID = np.zeros(2)


def w_given_to_an_array(self, x):
    return GRID.dot(self)


WRITES = [n_write, w_yes, w_lambda, w_getattr, w_getattr_write, w_passes, w_stores, w_base, w_type, w_attribute,
          w_compares_and_gives, w_none, w_given_to_an_array, w_of_a_class_that_is_no_base]  # fmt: skip


@pytest.mark.parametrize("process", WRITES, ids=lambda f: f.__name__)
def test_may_write(process):
    assert may_write(box(process))


@pytest.mark.parametrize("process", [n_local, n_read, n_log, wn_file, wn_base, wn_forgets, wn_says],
                         ids=lambda f: f.__name__)
def test_does_not_write(process):
    assert not may_write(box(process))


def test_a_function_by_the_name_of_a_builtin_may_write():
    def process(self, x):
        return len(self), x

    assert not may_write(box(process))
    names = {**globals(), "len": peek}
    assert may_write(box(types.FunctionType(process.__code__, names, "_process")))


def test_writes_by_other_ways():
    assert may_write(KeepsWrite())
    assert may_write(OverridesWrite()) and overrides_write(OverridesWrite())
    assert may_write(FROM_EXEC())
    pe = Box()
    pe.write = print
    assert overrides_write(pe)
    pe = Box()
    pe._process = types.MethodType(n_write, pe)
    assert may_write(pe)
    pe = Box()
    pe._process = lambda x: pe.write("output", x)
    assert may_write(pe)
    pe = Box()
    pe._process = lambda x: x
    assert not may_write(pe)
    pe = SimpleFunctionPE()
    pe.compute_fn = lambda x: pe.write("output", x)
    assert may_write(pe)
    pe.compute_fn = f_plain
    assert not may_write(pe)


def test_process_on_the_object():
    pe = Box()
    pe.process = lambda inputs: inputs
    assert call_style(pe) == "process"
    assert collections.Counter(map(call_style, [Box(), Print()])) == {"iterative": 1, "consumer": 1}


class WritesPlainly(GenericPE):
    def process(self, inputs):
        for word in inputs["input"].split():
            self.write("output", word)
        self.write(name="output", data=[self.write("output", word) for word in ()])


class WritesTheOldWay(WritesPlainly):
    def process(self, inputs):
        super().process(inputs)
        self.write("output", 1)
        super().write("output", 2)


class WritesKeywords(WritesPlainly):
    def _postprocess(self):
        self.write("output", 1, metadata={"unit": "m"})


class WritesManyKeywords(WritesPlainly):
    def _postprocess(self):
        self.write("output", 1, **self.more)


class WritesByStar(WritesPlainly):
    def _postprocess(self):
        self.write(*self.last)


class WritesByAnotherName(WritesPlainly):
    def _postprocess(self):
        write = self.write
        write("output", 1)


class WritesElsewhere(WritesPlainly):
    def _postprocess(self):
        emit_to(self)


class HiddenKeywords(WritesKeywords):
    def _postprocess(self):
        super()._postprocess()


def emit_to(pe):
    pe.write("output", 1, metadata=None)


@pytest.mark.parametrize("cls", [WritesPlainly, WritesTheOldWay])
def test_writes_no_keywords(cls):
    assert may_write(cls()) and not writes_keywords(cls())


@pytest.mark.parametrize("cls", [WritesKeywords, WritesManyKeywords, WritesByStar, WritesByAnotherName, WritesElsewhere,
                                 HiddenKeywords])  # fmt: skip
def test_may_write_keywords(cls):
    assert writes_keywords(cls())


def test_an_object_may_write_keywords():
    pe = WritesPlainly()
    pe.emit = pe.write
    assert writes_keywords(pe)
    pe.emit = pe._write
    assert writes_keywords(pe)
    pe.emit = lambda item: pe.write("output", item, metadata=None)
    assert writes_keywords(pe)
    pe.emit = types.MethodType(WritesPlainly.process, pe)
    assert may_write(pe) and not writes_keywords(pe)


def test_a_method_that_cannot_be_read_may_write():
    for process in (print, functools.partial(print, 1), Callable()):
        assert may_write(type("Odd", (Box,), {"_process": process})())
    assert may_write(type("Odd", (GenericPE,), {"process": print})())


def test_a_class_that_can_not_be_looked_at_may_do_anything(monkeypatch):
    def fails(*arguments, **more):
        raise RuntimeError

    pe = WritesPlainly()
    assert not writes_keywords(pe)
    monkeypatch.setattr(calls, "_class_writes", fails)
    assert may_write(pe) is True and writes_keywords(pe) is True


class Callable:
    def __call__(self, x):
        return x


def test_methods_that_an_object_holds():
    for process, writes in ((n_local, False), (n_write, True), (w_stores, True), (n_read, False)):
        pe = Box()
        pe.helper = types.MethodType(process, pe)
        assert may_write(pe) is writes, process
    pe = Box()
    pe.helper = functools.partial(n_local, pe)
    assert may_write(pe)
    pe.helper = functools.partial(n_local, [])
    assert not may_write(pe)


class Table(dict):
    def __init__(self, held):
        self.held = held


def unfinished(pe):
    def function(x):
        return later, pe

    if not pe:
        later = 1
    return function


def held_by(pe, depth):
    held = pe
    for _ in range(depth):
        held = functools.partial(peek, held)
    return held


class Keeper:
    def __init__(self, held):
        self.held = held


def test_what_knows_the_pe_may_make_it_write():
    for knows in (lambda pe: lambda x: pe, lambda pe: lambda x, to=pe: to, lambda pe: Keeper(pe),
                  lambda pe: Keeper(pe.write), lambda pe: lambda x, write=pe.write: write,
                  lambda pe: types.FunctionType(keyword_only.__code__, {}, "f", None, None), lambda pe: held_by(pe, 7),
                  unfinished, lambda pe: Table(pe),
                  lambda pe: Keeper(pe).__init__):  # fmt: skip
        pe = Box()
        pe.other = knows(pe)
        if isinstance(pe.other, types.FunctionType) and pe.other.__name__ == "f":
            pe.other.__kwdefaults__ = {"to": pe}
        assert may_write(pe) and writes_keywords(pe)
    for harmless in (None, 1, "a", [1], {}, Keeper(1), lambda x: x, functools.partial(peek, 1), int, Keeper(Box())):
        pe = Box()
        pe.other = harmless
        assert not may_write(pe), harmless


def keyword_only(x, *, to=None):
    return to


def test_parameters_of_a_function_pe_that_know_it():
    pe = SimpleFunctionPE(f_plain)
    pe.params = {"a": 1}
    assert not may_write(pe)
    pe.params = {"a": 1, "emit": pe.write}
    assert may_write(pe)


class Made(ProducerPE):
    def _process(self, inputs):
        return 1


class MadeOfNothing(ProducerPE):
    def _process(self):
        return 1


class Whole(GenericPE):
    def _process(self, inputs):
        return None


class Own(IterativePE):
    def process(self, inputs):
        return None


@pytest.mark.parametrize(("cls", "style"), [
    (Made, "producer"), (MadeOfNothing, "process"), (Whole, "inputs"), (Own, "process"), (Box, "iterative"),
    (Print, "consumer"),
])  # fmt: skip
def test_how_each_is_called(cls, style):
    assert call_style(cls()) == style
