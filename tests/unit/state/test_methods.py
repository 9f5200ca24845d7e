"""Whether a PE keeps state, by one method at a time: in both directions."""

import pytest

from d4p_compile.analysis import State, state_of

from .examples import Box, box, find
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


def deletes(self, x):
    delattr(self, "n")


@pytest.mark.parametrize(("process", "why"), [
    (writes_out, "lets .sum write to self.array in writes_out, line 2"),
    (hands_over, "passes self.counts to .apply in hands_over, line 2"),
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
