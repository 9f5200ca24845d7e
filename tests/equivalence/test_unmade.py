"""A generator given for an item: that `self.write` is meant is said on every target, in one stage and between two."""

from __future__ import annotations

from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import Refused, RunFailed
from tests.targets import TARGETS, answers, on_spark

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "unmade.py"
ONE_BY_ONE = "its items are sent one by one, with self.write(port, item) for each"


@pytest.mark.parametrize("target", TARGETS)
def test_one_that_is_read_in_the_source_is_refused_before_anything_starts(target):
    with pytest.raises(Refused) as caught:
        d4p_compile.plan(f"{WORKFLOWS}:as_read", target)
    assert str(caught.value) == (
        "Returns1 (Returns): _process() returns a generator, `(item / 2 for _ in range(2))`, which is no item: send "
        "its items one by one, with self.write('output', item) for each, or as one in a list"
    )


@pytest.mark.parametrize(
    "attribute, at, where",
    [
        ("unseen", "Adds (Adds), instance 0, item 1: TypeError: ", "  the item: <generator object "),
        ("unseen_apart", "Unseen.output -> Adds.input: ", "cannot pickle 'generator' object; "),
    ],
    ids=["in one stage", "between two"],
)
@pytest.mark.parametrize(
    "target", [pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS]
)
def test_one_that_is_not_is_told_of_where_it_is_found(target, attribute, at, where, request):
    session = request.getfixturevalue("spark_session") if on_spark(target) else None
    source = f"{WORKFLOWS}:{attribute}"
    stage_of = d4p_compile.plan(source, target).stage_of
    assert (stage_of["Unseen"] is stage_of["Adds"]) == (attribute == "unseen")
    with pytest.raises(RunFailed) as caught:
        answers(source, target, session=session)
    message = str(caught.value)
    assert message.startswith(at)
    assert ONE_BY_ONE in next(line for line in message.splitlines() if where in line)
