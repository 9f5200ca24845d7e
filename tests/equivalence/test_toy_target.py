"""A target that is added: a module, a template, an engine and an entry, and workflows run on it as on others."""

from __future__ import annotations

from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import Refused
from d4p_compile import targets
from tests.targets import answers, definition

TESTS = Path(__file__).parents[1]
WORKFLOWS = TESTS / "workflows"
EXAMPLES = TESTS.parent / "examples"


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(targets.TARGETS, "toy", "tests.toy.target")


@pytest.mark.parametrize("workflow", [
    f"{EXAMPLES / 'tour' / 'tour.py'}", f"{WORKFLOWS / 'semantics.py'}:diamond",
    f"{WORKFLOWS / 'semantics.py'}:odd_names",
    f"{WORKFLOWS / 'columns.py'}:all_kinds", f"{WORKFLOWS / 'pairs.py'}:batches",
])  # fmt: skip
def test_a_target_that_was_added_gives_the_same_answer(workflow):
    assert answers(workflow, "toy") == definition(workflow)


def test_it_is_wide_and_has_exchanges():
    plan = d4p_compile.plan(f"{EXAMPLES / 'wordcount' / 'wordcount.py'}", "toy")
    assert [str(channel.edge.exchange) for channel in plan.channels] == ["hash [0]", "gather"]
    assert str(plan).startswith("wordcount for toy: 4 PEs in 3 stages, 2 exchanges")


def test_what_it_cannot_do_is_refused_by_name():
    with pytest.raises(Refused, match="cycle.*sequential, processes, mpi"):
        d4p_compile.plan(f"{WORKFLOWS / 'cycles.py'}:collatz", "toy")
    with pytest.raises(Refused, match="--check is for the sequential target only"):
        d4p_compile.run(f"{EXAMPLES / 'tour' / 'tour.py'}", "toy", check=True)
