"""Every pair of the items that arrive: two nested loops, whoever makes them and however they are handed over."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from itertools import combinations, combinations_with_replacement, permutations, product
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import Refused, RunFailed
from tests.targets import TARGETS, answers, canonical, on_spark

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "pairs.py"


@pytest.fixture(params=[pytest.param(t, marks=pytest.mark.spark if on_spark(t) else ()) for t in TARGETS])
def run(request):
    """Run a graph of pairs.py on a target; gives `{port of the result: texts}` and takes the graph's parameters."""
    session = request.getfixturevalue("spark_session") if on_spark(request.param) else None

    def call(attribute: str, *, width: int | None = None, tiles: bool = False, **parameters):
        if on_spark(request.param) and not tiles:
            width = width or 12  # a task is slow to start: as many tiles as there would be only where asked for
        found = answers(f"{WORKFLOWS}:{attribute}", request.param, session=session, width=width,
                        parameters=parameters, own_process=False)
        return {f"{pe}.{port}": items for (pe, port), items in found.items()}

    call.target = request.param
    return call


def only(found):
    ((_, items),) = found.items()
    return items


def texts(pairs):
    return Counter(canonical(f"{a} {b} {int(a[1:]) + int(b[1:])}") for a, b in pairs)


def ids(count, prefix="s"):
    return [f"{prefix}{number:03d}" for number in range(count)]


@pytest.mark.parametrize("graph", ["singly", "in_tiles"])
def test_every_pair_once_the_earlier_first(run, graph):
    assert only(run(graph, tiles=True)) == texts(combinations(ids(20), 2))


@pytest.mark.parametrize("graph", ["singly", "in_tiles"])
def test_other_pairs(run, graph):
    assert only(run(graph, count=9, ordered=True)) == texts(permutations(ids(9), 2))
    if on_spark(run.target) and graph == "singly":
        return  # how a pair is handed over is the same for all kinds of pairs
    assert only(run(graph, count=9, itself=True)) == texts(combinations_with_replacement(ids(9), 2))
    assert only(run(graph, count=9, itself=True, ordered=True)) == texts(product(ids(9), repeat=2))
    agree = [(a, b) for a, b in combinations(ids(13), 2) if int(a[1:]) % 3 == int(b[1:]) % 3]
    assert only(run(graph, count=13, within="group")) == texts(agree)


def test_few_items(run):
    for count in range(3):
        found = run("in_tiles", count=count)
        assert sum(found.values(), Counter()) == texts(combinations(ids(count), 2))


def test_as_many_instances_as_are_asked_for(run):
    everyone = sorted([*ids(11), *ids(9, "t")])
    for asked in (1, 3):
        assert only(run("several", asked=asked)) == texts(combinations(everyone, 2))
    assert only(run("in_tiles", width=6)) == texts(combinations(ids(20), 2))


def test_without_an_order_the_first_came_first(run):
    import numpy as np

    came = [f"s{number:03d}" for number in np.random.default_rng(3).permutation(15).tolist()]
    assert only(run("as_they_come")) == Counter(canonical(f"{a} {b}") for a, b in combinations(came, 2))
    came.sort(key=lambda name: int(name[1:]) % 3)  # those of one group stay as they came
    assert only(run("ties")) == Counter(canonical(f"{a} {b}") for a, b in combinations(came, 2))


def test_pairs_between_two_streams(run):
    assert only(run("two_streams")) == texts(product(ids(7, "l"), ids(5, "r")))
    agree = [(a, b) for a, b in product(ids(7, "l"), ids(5, "r")) if int(a[1:]) % 3 == int(b[1:]) % 3]
    assert only(run("two_streams", within="group")) == texts(agree)
    assert sum(run("two_streams", right=0).values(), Counter()) == Counter()


def test_batches_go_on_as_batches_and_one_by_one(run):
    plain = texts(combinations(ids(12), 2))
    found = run("batches")
    assert found["Joined3.output"] == Counter({text[:-1] + '!"': n for text, n in plain.items()})
    assert found["Same4.output"] == plain


def test_tiles_for_one_and_pairs_for_others(run):
    found = run("both")
    pairs = Counter(canonical(f"{a} {b}") for a, b in combinations(ids(12), 2))
    assert found["InTiles2.output"] == texts(combinations(ids(12), 2))
    assert found["Ids3.output"] == found["Ids4.output"] == pairs


def test_batches_of_two_meet(run):
    plain = texts(combinations(ids(9), 2))
    assert only(run("met")) == Counter({text[:-1] + '!"': 2 * n for text, n in plain.items()})


def test_a_batch_function_that_was_written_for_another_process_is_left_alone(run):
    plain = texts(combinations(ids(6), 2))
    assert only(run("stale")) == Counter({f'"other {text[1:]}': n for text, n in plain.items()})


def test_a_failure_names_the_items_of_the_batch(run):
    with pytest.raises(RunFailed, match=r"(?s)Fails \(Fails\), instance \d+, items? [\d,]+.*: ValueError: not this one"
                       ) as failure:
        run("failing")
    assert "raise ValueError" in str(failure.value)


@pytest.mark.parametrize(("kind", "said"), [
    ("missing", r"order_by \['id'\] needs items with that field"),
    ("mixed", r"order_by \['id'\] needs fields that can be compared with one another"),
    ("sets", r"order_by \['id'\] needs fields that have an order, got frozenset"),
    ("nan", r"order_by \['id'\] needs fields that have an order, got NaN"),
])  # fmt: skip
def test_items_without_an_order(run, kind, said):
    with pytest.raises(RunFailed, match=said):
        run("odd", kind=kind)


@pytest.mark.parametrize(("what", "got"), [
    ("a batch alone", "it gave Batch"), ("a text", "it gave str for 'output'"), ("a number", "it gave int"),
    ("an unknown port", "it gave Batch for 'other'"),
])  # fmt: skip
def test_what_is_no_batch_is_refused_in_the_name_of_who_gave_it(what, got):
    with pytest.raises(RunFailed, match=rf"\AGives \(Gives\), instance \d+: process_batch must give .*{got}"):
        answers(f"{WORKFLOWS}:gives", "processes", parameters={"what": what})


def test_arrays_that_do_not_stack_cannot_be_changed_either():
    for target in ("sequential", "processes"):
        with pytest.raises(RunFailed, match="read-only"):
            answers(f"{WORKFLOWS}:uneven", target)


def test_a_count_of_its_own_takes_pairs_one_by_one_and_the_plan_says_so():
    assert only(answers(f"{WORKFLOWS}:apart", "processes")) == texts(combinations(ids(9), 2))
    (note,) = d4p_compile.plan(f"{WORKFLOWS}:apart", "processes").notes
    assert note == "Apart could take tiles, and gets pairs one by one: counts apart: AllPairs xT, Apart x3"


def test_a_grouping_of_somebody_else_is_refused():
    with pytest.raises(Refused, match="has the grouping 'global' for its input, and needs its own"):
        d4p_compile.plan(f"{WORKFLOWS}:grouped", "processes")


@pytest.mark.parametrize("hard", [None, 128])
def test_a_limit_on_open_files_is_raised_or_named(tmp_path, hard):
    import resource

    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard or most))

    command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:in_tiles", "--target", "processes"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, preexec_fn=limit, timeout=120)
    if hard is None:
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 2
        assert "refused: 37 instances need about 360 open files, and this process may have 128 (ulimit" in done.stderr


def test_workers_that_are_spawned(monkeypatch):
    monkeypatch.setenv("D4P_START_METHOD", "spawn")
    found = answers(f"{WORKFLOWS}:in_tiles", "processes", parameters={"count": 20}, width=6)
    assert only(found) == texts(combinations(ids(20), 2))


def test_a_batch_function_alone_is_refused():
    with pytest.raises(Refused, match="must have one of them too"):
        d4p_compile.plan(d4p_compile.load(f"{WORKFLOWS}:only_batches"))


def test_what_cannot_be_a_field_is_refused():
    from d4p import AllPairs

    with pytest.raises(Refused, match="order_by must be a field"):
        AllPairs(order_by=1.5)


@pytest.mark.parametrize("target", ["processes", "mpi"])
def test_resume_makes_only_the_tiles_that_are_missing(tmp_path, target):
    command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:dying", "--target", target,
               "-p", f"folder={tmp_path}", "-p", "after=150"]
    killed = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert killed.returncode == 1, killed.stderr
    stage = r"stage 2 \(AllPairs > Deadly > WriteText\), instance \d+"
    said = {"processes": rf"a worker process was killed by SIGKILL .*: it held {stage}",
            "mpi": rf"rank \d \(process \d+ on \S+\) died: it held (stage 1 \(Items\), instance 0; )?{stage}"}[target]
    assert re.search(f"^failed: {said}", killed.stderr, re.MULTILINE), killed.stderr
    assert not (tmp_path / "out").exists()
    before = (tmp_path / "trace").read_text().splitlines()
    (tmp_path / "trace").write_text("")
    (tmp_path / "alive").touch()
    resumed = subprocess.run([*command, "--resume"], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert resumed.returncode == 0, resumed.stderr
    again = (tmp_path / "trace").read_text().splitlines()
    wanted = {f"{a} {b} {int(a[1:]) + int(b[1:])}" for a, b in combinations(ids(24), 2)}
    written = [line for part in (tmp_path / "out").glob("part-*") for line in part.read_text().splitlines()]
    assert sorted(written) == sorted(wanted)
    assert len(again) < len(wanted) - 50  # most of what was done before wasn't done again
    assert set(again) | set(before) == wanted
    assert "had been done by an earlier run" in resumed.stdout + resumed.stderr


def test_resume_on_one_process_leaves_out_instances_that_are_fed(tmp_path):
    command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:dying_late", "--target", "sequential",
               "-p", f"folder={tmp_path}", "-n", "28"]
    assert subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=120).returncode == 137
    (tmp_path / "alive").touch()
    resumed = subprocess.run([*command, "--resume"], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert resumed.returncode == 0, resumed.stderr
    assert "4 instances of" in resumed.stdout and "had been done by an earlier run" in resumed.stdout
    written = [line for part in (tmp_path / "out").glob("part-*") for line in part.read_text().splitlines()]
    assert sorted(written) == sorted(f"{a} {b} {int(a[1:]) + int(b[1:])}" for a, b in combinations(ids(24), 2))


def test_resume_makes_tiles_anew_of_items_that_may_be_others(tmp_path):
    command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:unsteady", "--target", "processes",
               "-p", f"folder={tmp_path}", "-p", "after=150"]
    assert subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=120).returncode == 1
    (tmp_path / "alive").touch()
    resumed = subprocess.run([*command, "--resume"], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert resumed.returncode == 0, resumed.stderr
    assert "had been done by an earlier run" not in resumed.stdout
    written = [line.rpartition(" ")[0] for part in (tmp_path / "out").glob("part-*")
               for line in part.read_text().splitlines()]
    numbers = [f"s{number:03d}" for number in range(1, 25)]
    assert sorted(written) == sorted(f"{a} {b}" for a, b in combinations(numbers, 2))
