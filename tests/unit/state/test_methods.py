"""Whether a PE keeps state, by one method at a time: in both directions."""

import pytest

from d4p_compile.analysis import State, state_of

from .examples import Box, Tally, box, find
from .keeping import KEEPS
from .reading import NONE


@pytest.mark.parametrize("process", KEEPS, ids=lambda f: f.__name__)
def test_keeps_state(process):
    state = state_of(box(process))
    assert state.keeps, process.__name__
    assert "can't be analysed" not in state.why


@pytest.mark.parametrize("process", NONE, ids=lambda f: f.__name__)
def test_keeps_none(process):
    assert state_of(box(process)) == State(False, "no state found")


def calls_itself(self, x):
    return self(x)


@pytest.mark.parametrize(("called", "keeps"), [(KEEPS[0], True), (NONE[0], False)])
def test_a_pe_that_is_called_as_a_function(called, keeps):
    made = type("Case", (Box,), {"_process": calls_itself, "__call__": called})
    assert state_of(made()).keeps is keeps


def writes_out(self, x):
    return x.sum(out=self.array)


def hands_over(self, x):
    return x.apply(self.counts)


def yields_from(self, x):
    yield from self.ids


def looks_for(self, x):
    return x in self.ids


def adds_to_a_library(self, x):
    self.parser.add_argument(x)


def deletes(self, x):
    delattr(self, "n")


@pytest.mark.parametrize(("process", "why"), [
    (writes_out, "lets .sum write to self.array in writes_out, line 2"),
    (hands_over, "passes self.counts to .apply in hands_over, line 2"),
    (yields_from, "takes items from self.ids in yields_from, line 2 (a count moves on)"),
    (looks_for, "looks for an item in self.ids in looks_for, line 2"),
    (adds_to_a_library, "calls self.parser.add_argument in adds_to_a_library, line 2, a library's method that may keep "
                        "something"),
    (deletes, "uses delattr(self) in deletes, line 2"),
])  # fmt: skip
def test_the_reason_names_what_it_is_and_where(process, why):
    first = process.__code__.co_firstlineno
    assert state_of(box(process)).why == why.replace("line 2", f"line {first + 1}")


def stores(self, *arguments):
    self.n = arguments


@pytest.mark.parametrize("name", [
    "preprocess", "_preprocess", "__init__", "__new__", "__init_subclass__", "__class_getitem__", "__set_name__",
    "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__del__",
    "setInputTypes", "getOutputTypes", "set_input_types", "get_output_types", "_add_input", "_add_output",
    "add_input", "add_output",
])  # fmt: skip
def test_what_does_not_run_while_items_come(name):
    pe = Box()
    pe.__class__ = type("Case", (Box,), {name: stores, "_process": NONE[0]})
    assert not state_of(pe).keeps


@pytest.mark.parametrize("name", ["process", "_process", "process_batch", "write", "_write", "of_its_own"])
def test_what_runs_while_items_come(name):
    pe = Box()
    pe.__class__ = type("Case", (Box,), {"_process": NONE[0], name: stores})
    assert state_of(pe).keeps


def deeper(function):
    def calls(table, x):
        return function(table, x)

    return calls


def calling(function):
    def process(self, x):
        return function(self.counts, x)

    return process


def test_how_deep_functions_are_followed():
    found, function = [], find
    for _ in range(6):
        found.append(state_of(box(calling(function))).keeps)
        function = deeper(function)
    assert found == [False] * 4 + [True] * 2


class Within:
    """A user's object that asks another."""

    def __init__(self, inner):
        self.inner = inner

    def look(self, x):
        return self.inner.look(x)


def asks(self, x):
    return self.within.look(x)


def test_how_deep_objects_are_followed():
    found, pe = [], box(asks)
    pe.within = Tally()
    for _ in range(6):
        found.append(state_of(pe).keeps)
        pe.within = Within(pe.within)
    assert found == [False] * 4 + [True] * 2


def changes_in_place(self, x):
    one = self.one
    one += x


@pytest.mark.parametrize("name", "add sub mul matmul truediv floordiv mod pow lshift rshift and or xor".split())
def test_what_changes_in_place_by_one_operator_alone(name):
    pe = box(changes_in_place)
    pe.one = 1
    assert not state_of(pe).keeps
    pe.one = type("Own", (), {f"__i{name}__": stores})()
    assert state_of(pe).keeps
