"""What the plan says of each method that keeps state, to the word: `reasons.json` has it, without the lines' numbers.

Where it is to be another: `python -m tests.unit.state.test_reasons` writes it anew.
"""

import json
import re
from pathlib import Path

import pytest

from d4p_compile.analysis import state_of

from . import test_harmless
from .box import named, state_with
from .examples import box
from .keeping import KEEPS

REASONS = Path(__file__).with_name("reasons.json")
LOOKS_LIKE_IT = named("k_", vars(test_harmless))
SAID = json.loads(REASONS.read_text()) if REASONS.exists() else {}


def reason(function):
    found = state_with(function) if function in LOOKS_LIKE_IT else state_of(box(function))
    return re.sub(r", line \d+", "", found.why)


@pytest.mark.parametrize("function", [*KEEPS, *LOOKS_LIKE_IT], ids=lambda function: function.__name__)
def test_the_reason(function):
    assert reason(function) == SAID[function.__name__]


def test_no_reason_is_of_a_method_that_is_gone():
    assert set(SAID) == {function.__name__ for function in [*KEEPS, *LOOKS_LIKE_IT]}


if __name__ == "__main__":
    found = {function.__name__: reason(function) for function in [*KEEPS, *LOOKS_LIKE_IT]}
    REASONS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
