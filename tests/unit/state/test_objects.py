"""PEs with something of their own on the object, which the class doesn't say; and how long a thousand take."""

import functools
import re
import types
from collections import defaultdict

import pytest

from d4p import IterativePE, SimpleFunctionPE
from d4p_compile.analysis import State, may_write, state_of
from d4p_compile.analysis.state import kept_elsewhere
from tests.calls import calls

from .box import process_of
from .examples import CACHE, TICKS, Box, Scale, Setup, Tally, box, f_default, f_plain, find, put
from .keeping import k_assign
from .reading import n_local, n_read, n_readers


def test_override_on_the_object():
    stateful, harmless, plain = box(n_local), box(k_assign), Box()
    stateful._process = types.MethodType(k_assign, stateful)
    harmless._process = types.MethodType(n_local, harmless)
    plain._process = f_default
    assert state_of(stateful).keeps
    assert not state_of(harmless).keeps
    assert state_of(plain).keeps


class Notes:
    """A callable that keeps what it is called with."""

    def __init__(self):
        self.noted = []

    def __call__(self, *given):
        self.noted.append(given)


@pytest.mark.parametrize("name", ["process", "_process", "write"])
def test_a_callable_that_is_put_on_the_class(name):
    found = state_of(type("Made", (IterativePE,), {"_process": n_local, name: Notes()})())
    assert found.keeps and found.why.startswith(f"calls self.{name}"), found


def test_declared_on_the_object():
    pe = box(k_assign)
    pe.stateful = False
    assert state_of(pe) == State(False, "declared stateful = False")


def test_value_decides():
    class Uses(IterativePE):
        def __init__(self, thing):
            IterativePE.__init__(self)
            self.thing = thing

        def _process(self, x):
            return self.thing[x]

    assert not state_of(Uses({})).keeps
    assert state_of(Uses(defaultdict(list))).keeps
    assert not state_of(Uses({})).keeps


def test_never_raises(analysed):
    class Odd(IterativePE):
        def __getattribute__(self, name):
            if name == "__dict__":
                raise RuntimeError("no")
            return super().__getattribute__(name)

    assert "can't be analysed" in state_of(Odd()).why
    assert may_write(Odd())
    assert len(analysed) == 2
    analysed.clear()


def test_thousand_objects_are_quick():
    pes = [box(n_read)] + [Setup() for _ in range(1000)]
    cases = [box(n_readers)]
    cases += [type(cases[0])() for _ in range(999)]
    for many in (pes, cases):
        state_of(many[-1])  # what is said of a class is kept: reading one takes tens of thousands of calls
        assert calls(lambda many=many: [state_of(pe) for pe in many]) < 500 * len(many)
        assert not any(state_of(pe).keeps for pe in many)


def put_on(process):
    pe = Box()
    pe._process = process
    return state_of(pe)


@pytest.mark.parametrize(("process", "why"), [
    (functools.partial(put, {}), "calls self._process, which assigns cache[x] in put"),
    ([].append, "calls self._process"),
    (Tally(), "calls self._process, which assigns self.n in __call__"), ("no function", ""),
    (functools.partial(find, {}), ""), ([].count, ""), (Scale(2), ""), (len, ""), (lambda x: x, ""),
])  # fmt: skip
def test_what_is_put_on_an_object_in_the_place_of_a_method(process, why):
    found = put_on(process)
    assert found.keeps is bool(why) and re.sub(r", line \d+", "", found.why) == (why or "no state found")


class OwnFunction(SimpleFunctionPE):
    def _process(self, x):
        return x


@pytest.mark.parametrize(("pe", "why"), [
    (SimpleFunctionPE(functools.partial(put, {})), "calls put, which assigns cache[x] in put"),
    (SimpleFunctionPE(Tally()), "calls Tally, which assigns self.n in __call__"), (SimpleFunctionPE(f_plain), ""),
    (OwnFunction(functools.partial(put, {})), ""),
])  # fmt: skip
def test_the_function_of_a_function_pe(pe, why):
    assert re.sub(r", line \d+", "", state_of(pe).why) == (why or "no state found")


@pytest.mark.parametrize(("expression", "why"), [
    ("CACHE.append(x)", "calls CACHE.append in process"), ("self.items.append(x)", ""), ("setattr(self, 'n', x)", ""),
    ("next(TICKS)", "takes the next item of TICKS in process"), ("x", ""), ("(self.items.append(x), CACHE.append(x))",
                                                                           "calls CACHE.append in process"),
])  # fmt: skip
def test_what_is_kept_elsewhere_than_in_the_pe(expression, why):
    pe = box(process_of(expression, CACHE=CACHE, TICKS=TICKS))
    assert re.sub(r", line \d+", "", kept_elsewhere(pe)) == why


def test_of_what_can_not_be_looked_at_nothing_is_told():
    assert kept_elsewhere(object()) == ""


class GoesAgain(Box):
    """What it holds is a method of its own, which is read anyway, however often it calls itself."""

    def __init__(self):
        Box.__init__(self)
        self.go = self.again

    def again(self, x):
        return self.go(x - 1) if x else x

    def _process(self, x):
        return self.go(x)


class GoesAgainByAPartial(GoesAgain):
    def __init__(self):
        Box.__init__(self)
        self.go = functools.partial(self.again)


@pytest.mark.parametrize("cls", [GoesAgain, GoesAgainByAPartial])
def test_a_method_that_the_object_holds(cls):
    assert not state_of(cls()).keeps


def test_how_deep_what_is_given_to_partials_is_followed():
    found, pe = [], box(process_of("self.other(x)"))
    pe.other = f_plain
    for _ in range(6):
        found.append(state_of(pe).keeps)
        pe.other = functools.partial(filter, pe.other)
    assert found == [False] * 2 + [True] * 4


class Entered:
    """A user's own, which counts how often it is entered."""

    n = 0

    def __enter__(self):
        self.n += 1

    def __exit__(self, *exc):
        pass


class Within(Entered):
    def __enter__(self):
        return None


def enters(self, x):
    with self.entered:
        return x


@pytest.mark.parametrize(("entered", "keeps"), [(Entered(), True), (Within(), False)])
def test_what_is_entered(entered, keeps):
    pe = box(enters)
    pe.entered = entered
    assert state_of(pe).keeps is keeps
