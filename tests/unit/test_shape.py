"""What is read back is believed where it has the shape that was written, and no sooner."""

from __future__ import annotations

import pytest

from d4p.items.shape import count, fits, parsed


@pytest.mark.parametrize(("shape", "fine", "other"), [
    (None, [None], [0, "", [], False]),
    (str, ["", "a"], [None, 1, b"a", ["a"]]),
    (int, [0, -1], [True, False, 1.0, "1", None]),  # JSON's true is no number
    (bool, [True, False], [0, 1, None]),
    ((str, None), ["a", None], [1, []]),
    ([int], [[], [1, 2]], [[1, True], ["a"], (1,), {"a": 1}, None]),
    ({"run": str}, [{"run": "a"}, {"run": "a", "more": 1}], [{}, {"run": 1}, {"rum": "a"}, [], None, "run"]),
    ({"run": str, "n": int}, [{"run": "a", "n": 1}], [{"run": "a"}, {"n": 1}, {"run": "a", "n": "1"}]),
    ({"run": (str, None)}, [{"run": None}], [{}]),
    ({str.isalpha: int}, [{}, {"a": 1, "b": 2}], [{"a": "x"}, {"1": 1}, {"a": 1, "1": 1}, {"a": 1, "b": None}]),
    ({"parts": [{"n": count}]}, [{"parts": []}, {"parts": [{"n": 0}]}], [{"parts": [{"n": -1}]}, {"parts": [{}]}]),
    (count, [0, 1, (1 << 63) - 1], [-1, 1 << 63, True, 1.0, "1", None]),
    (str.isalpha, ["a"], ["1", 1, None, []]),  # a predicate that can't be asked says no
    (lambda text: int(text) > 1, ["2"], ["1", "x", None]),
    (lambda value: value.missing, [], [1]),
])  # fmt: skip
def test_what_fits(shape, fine, other):
    assert [value for value in fine if not fits(value, shape)] == []
    assert [value for value in other if fits(value, shape)] == []


def test_a_predicate_says_yes_or_no():
    assert fits("a", lambda text: [text]) is True and fits("a", lambda text: []) is False
    with pytest.raises(ZeroDivisionError):  # a mistake of ours is not a value that doesn't fit
        fits(1, lambda value: value / 0)


def test_parsed():
    assert parsed(b'{"a": 1}') == parsed('{"a": 1}') == {"a": 1}
    assert parsed("[1.5]", parse_float=str) == ["1.5"]
    with pytest.raises(ValueError, match="nested too deeply"):
        parsed("[" * 200_000)
