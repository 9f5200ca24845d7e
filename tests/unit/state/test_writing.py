"""Which PEs may write, and whether with keywords."""

import collections
import types

import pytest

from d4p import GenericPE, IterativePE, SimpleFunctionPE
from d4p_compile.analysis import call_style, may_write, overrides_write, writes_keywords

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


def w_base(self, x):
    return GenericPE.write(self, "output", x)


def wn_file(self, x):
    with open("/dev/null", "w") as out:
        out.write(x)


def wn_base(self, x):
    return IterativePE._process(self, x), super(Box, self)._process(x), isinstance(self, Box), getattr(self, "n")  # noqa: B009


WRITES = [n_write, w_yes, w_lambda, w_getattr, w_getattr_write, w_passes, w_stores, w_base]


@pytest.mark.parametrize("process", WRITES, ids=lambda f: f.__name__)
def test_may_write(process):
    assert may_write(box(process))


@pytest.mark.parametrize("process", [n_local, n_read, n_log, wn_file, wn_base], ids=lambda f: f.__name__)
def test_does_not_write(process):
    assert not may_write(box(process))


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
    pe.emit = lambda item: pe.write("output", item, metadata=None)
    assert writes_keywords(pe)
