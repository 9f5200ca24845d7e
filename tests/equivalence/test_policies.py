"""Policies for items that fail: the same counts and the same results on every target."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from d4p.errors import Refused, RunFailed
from d4p_compile.front.load import load
from d4p_compile.front.replay import replayed
from tests.targets import TARGETS, answers, on_spark

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "policies.py"


@pytest.fixture(params=[pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS])
def run(request):
    """Run a graph of policies.py; gives its results, and {PE: (failed, skipped, retried)}."""
    target = request.param
    session = request.getfixturevalue("spark_session") if on_spark(target) else None

    def call(attribute: str, **more: Any) -> tuple[Any, dict[str, tuple[int, int, int]]]:
        found = answers(f"{WORKFLOWS}:{attribute}", target, session=session, **more)
        counts = {pe: (of["failed"], of["skipped"], of["retried"]) for pe, of in found.failures.items()}
        return found, counts

    call.target = target
    return call


def totals(skipped: set[int], lost: set[int] = frozenset()) -> dict[int, int]:
    """The answer of `picky`, less the items of some numbers and some that Total itself fails at."""
    found: dict[int, int] = {}
    for number in set(range(200)) - skipped:
        for item in {number, 1000 + number, 2000 + number} - lost:
            found[number % 5] = found.get(number % 5, 0) + item
    return found


def test_what_a_pe_wrote_for_an_item_that_failed_does_not_count(run):
    found, counts = run("picky", parameters={"Picky": "skip", "Total": "skip"})
    assert counts == {"Picky": (4, 4, 0), "Total": (1, 1, 0)}
    wanted = totals({7, 57, 107, 157}, {2011})
    assert found == {("Total2", "output"): {f"[{key}, {total}]": 1 for key, total in wanted.items()}}


def test_a_try_gets_a_copy_of_the_item_as_it_came(run):
    found, counts = run("retrying", parameters={"then": "skip"})
    assert counts == {"Emptying": (1, 1, 3 + 3)}
    assert found["Emptying1", "output"] == {str(number): 1 for number in range(20) if number != 9}


def test_a_run_fails_where_more_items_fail_than_a_policy_lets(run):
    with pytest.raises(RunFailed, match=r"of Picky \(Picky\) failed, more than its policy lets \(skip, at most 3\)"):
        run("picky", parameters={"Picky": "skip:3", "Total": "skip"})


def test_a_pe_whose_expression_would_be_written_out_is_called_where_it_has_a_policy(run):
    found, counts = run("unguarded", on_error=["skip"])
    assert counts == {"Plain": (1, 1, 0)}
    assert sum(found["Plain1", "output"].values()) == 199
    with pytest.raises(Refused, match="give --on-error to d4p compile, too"):
        run("unguarded", options=["--on-error=skip"])


def test_items_that_are_set_aside_are_written_with_why_and_replayed_after_a_change(run, tmp_path):
    wanted = answers(f"{WORKFLOWS}:square", "sequential", parameters={"bad": 0})["Square1", "output"]
    found, counts = run("square", parameters={"bad": 20}, on_error=[f"dead-letter:{tmp_path / 'failed'}"])
    assert counts == {"Square": (10, 0, 0)} and found.failures["Square"]["aside"] == 10
    lines = [line for part in (tmp_path / "failed").glob("*/part-*") for line in part.read_text().splitlines()]
    letters = sorted(map(json.loads, lines), key=lambda letter: letter["item"]["number"])
    assert [letter["item"]["number"] for letter in letters] == list(range(0, 200, 20))
    assert {(letter["pe"], letter["port"], letter["error"], letter["tries"]) for letter in letters} == {
        ("Square", "input", "ArithmeticError", 1)}
    assert json.loads((tmp_path / "failed" / "_SUCCESS").read_text())["missing"] == 10
    loaded, roots = replayed(str(tmp_path / "failed"), load(f"{WORKFLOWS}:square", parameters={"bad": 0}))
    again = answers(loaded.graph, "sequential")["Square0", "output"]
    assert not roots and again + found["Square1", "output"] == wanted


def summed(numbers: list[int]) -> Counter:
    """What `troubled` answers for some numbers."""
    sums = Counter({key: sum(n + n * n for n in numbers if n % 7 == key) for key in range(7)})
    return Counter(json.dumps(list(each)) for each in sums.items())


def test_a_run_of_many_gives_all_answers_but_of_those_that_are_set_aside_and_replayed(run, tmp_path):
    raised, hung = range(1000, 10_001, 1000), (2500, 7500)
    wanted = {number: "ArithmeticError" for number in raised} | dict.fromkeys(hung, "TimeLimitExceeded") | {
        3333: "ProcessDied", 7777: "MemoryError"}
    failed = tmp_path / "failed"
    found, counts = run("troubled", parameters={"bad": True}, on_error=[f"Troubled=dead-letter:{failed}"])
    assert counts == {"Troubled": (14, 0, 0)} and found.failures["Troubled"]["aside"] == 14
    letters = [json.loads(line) for part in failed.glob("*/part-*") for line in part.read_text().splitlines()]
    assert {letter["item"]: letter["error"] for letter in letters} == wanted and len(letters) == 14
    assert next(letter["message"] for letter in letters if letter["item"] == 3333).startswith(
        "ProcessDied: its process was killed by SIGKILL")
    assert found["Sums2", "output"] == summed([number for number in range(1, 10_001) if number not in wanted])
    loaded, _ = replayed(str(failed), load(f"{WORKFLOWS}:troubled", parameters={"bad": False}))
    rest = answers(loaded.graph, "sequential")["Sums1", "output"]
    assert rest == summed(sorted(wanted))


def test_what_is_left_keeps_the_order_of_the_sequential_run(run):
    found, counts = run("in_order")
    good = [number for number in range(200) if number % 50 != 7]
    wanted = [[number % 5, number + more] for number in good for more in (0, 1000, 2000)]
    assert counts == {"Picky": (4, 4, 0)}
    assert list(found["Listing2", "output"]) == [json.dumps(wanted)]
