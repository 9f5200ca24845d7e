"""Whether a PE keeps state, by one method at a time: in both directions."""

import pytest

from d4p_compile.analysis import State, state_of

from .examples import box
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
