"""PEs with something of their own on the object, which the class doesn't say; and how long a thousand take."""

import types
from collections import defaultdict

import pytest

from d4p import IterativePE
from d4p_compile.analysis import State, may_write, state_of
from tests.calls import calls

from .examples import Box, Setup, box, f_default
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
