"""Policies for items that fail: the same counts and the same results on every target."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import d4p_compile
from d4p.errors import Refused, RunFailed
from d4p.host.runfolder import RunFolder
from d4p_compile.front.load import load
from d4p_compile.front.replay import replayed
from d4p_compile.targets import target as engine
from tests.targets import TARGETS, answers, definition, on_spark

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

    def again(graph: Any) -> Counter:
        """The one result of a replay."""
        (found,) = answers(graph, target, session=session).values()
        return found

    call.target, call.again = target, again
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


@pytest.mark.parametrize("target, status", [("processes", 3), ("mpi", 0)])
def test_a_program_that_a_launcher_would_run_again_ends_with_0_and_its_output_knows(target, status, tmp_path):
    bundle = d4p_compile.compile(f"{WORKFLOWS}:kinds", target, output=tmp_path / "bundle")
    with RunFolder() as folder:
        command = [*engine(target).command(bundle.script), "--output", "out", "--no-record"]
        environment = os.environ | engine(target).environment(bundle, folder)
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (status, "done, 100 items skipped")
    assert json.loads((tmp_path / "out" / "_SUCCESS").read_text())["missing"] == 100


def test_a_run_ends_early_where_its_instances_together_have_failed_at_too_many():
    with pytest.raises(RunFailed, match=r"40 items of Hanging \(Hanging\) failed, more than its policy lets"):
        answers(f"{WORKFLOWS}:hanging", "processes", width=2)


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


def test_what_all_instances_failed_at_they_get_again_once(run, tmp_path):
    found, counts = run("to_all", parameters={"bad": True}, on_error=[f"Told=dead-letter:{tmp_path / 'failed'}"])
    assert counts == {"Told": (8, 0, 0)} and len(letters_in(tmp_path / "failed")) == 8
    loaded, _ = replayed(str(tmp_path / "failed"), load(f"{WORKFLOWS}:to_all", parameters={"bad": False}))
    (again,) = definition(loaded.graph).values()
    assert found["Told1", "output"] + again == {str(number): 2 for number in range(200)}


def letters_in(folder: Path) -> list[dict[str, Any]]:
    """All that was set aside there."""
    lines = [line for part in folder.glob("*/part-*") for line in part.read_text().splitlines()]
    return list(map(json.loads, lines))


def lines_of(number: int) -> list[str]:
    return [f"line {each}" for each in range(number, 300, 3)]


def test_a_file_that_is_broken_is_set_aside_as_a_whole_and_read_again_once_it_is_mended(run, tmp_path):
    here, failed = tmp_path / "in", tmp_path / "failed"
    here.mkdir()
    for number in range(3):
        with gzip.open(here / f"{number}.gz", "wt") as file:
            file.write("\n".join(lines_of(number)))
    whole = (here / "1.gz").read_bytes()
    (here / "1.gz").write_bytes(whole[: len(whole) // 2])
    found, counts = run("files", parameters={"path": str(here)}, on_error=[f"dead-letter:{failed}"])
    assert counts == {"ReadLines": (1, 0, 0), "Shortened": (1, 0, 0)}
    of_file, of_line = sorted(letters_in(failed), key=lambda letter: letter["pe"])
    assert (of_file["error"], of_file["port"], of_file["from"]["file"], of_file["from"]["offset"]) == (
        "EOFError", None, f"{here}/1.gz", 0)
    assert (of_line["item"], of_line["from"]["edges"]) == ("line 77", ["ReadLines.output -> Shortened.input"])
    left = [line[:6] for number in (0, 2) for line in lines_of(number) if line != "line 77"]
    assert found["Shortened1", "output"] == Counter(map(json.dumps, left))
    (here / "1.gz").write_bytes(whole)
    loaded, _ = replayed(str(failed), load(f"{WORKFLOWS}:files", parameters={"path": str(here)}))
    loaded.graph.on_error = "skip"
    rest = run.again(loaded.graph)
    assert sum(rest.values()) == 100 and rest == Counter(json.dumps(line[:6]) for line in lines_of(1))


def test_a_line_that_is_no_text_is_replaced_or_set_aside_alone(run, tmp_path):
    path, failed = tmp_path / "in.txt", tmp_path / "failed"
    path.write_bytes(b"\n".join([*(line.encode() for line in lines_of(0)), b"t\xffo", "zw\u00f6i".encode()]))
    whole = Counter(json.dumps(line[:6]) for line in [*lines_of(0), "zw\u00f6i"])
    found, counts = run("files", parameters={"path": str(path)})
    assert found["Shortened1", "output"] == whole + Counter([json.dumps("t\ufffdo")]) and not counts
    strict = {"path": str(path), "errors": "strict"}
    with pytest.raises(RunFailed, match=rf"can't read record .* of {path}, b't\\xffo': UnicodeDecodeError: "):
        run("files", parameters=strict)
    found, counts = run("files", parameters=strict, on_error=[f"ReadLines=dead-letter:{failed}"])
    assert found["Shortened1", "output"] == whole and counts == {"ReadLines": (1, 0, 0)}
    (letter,) = letters_in(failed)
    assert (letter["port"], letter["from"]["file"], letter["error"]) == ("record", str(path), "UnicodeDecodeError")
    loaded, _ = replayed(str(failed), load(f"{WORKFLOWS}:files", parameters={"path": str(path)}))
    assert run.again(loaded.graph) == {json.dumps("t\ufffdo"): 1}


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
