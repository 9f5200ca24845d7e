"""What policies are given as, and what is refused."""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

import d4p_compile
from d4p import DeadLetter, Fail, Retry, Skip
from d4p.engines import sequential
from d4p.errors import Refused, RunFailed
from d4p.graph.policies import read
from d4p_compile.front.load import load
from d4p_compile.front.replay import replayed
from d4p_compile.show.text import text
from d4p_compile.targets import target
from tests.benchmarks.compiled import program
from tests.benchmarks.hop import generated
from tests.targets import answers, definition

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "policies.py"


@pytest.mark.parametrize("given, policy", [
    ("fail", Fail()), ("skip", Skip()), ("skip:100", Skip(100)), ("skip:0.5%", Skip(rate=0.005)),
    ("retry:3", Retry(3)), ("retry:3:0.5", Retry(3, wait=0.5)), ("retry:1,skip:2", Retry(1, then=Skip(2))),
    (None, Fail()), (Skip(), Skip()), ("dead-letter:a=b,c", DeadLetter("a=b,c")),
    ("copy-state,skip:3", Skip(3, copy_state=True)),
    ("copy-state,dead-letter:a,b", DeadLetter("a,b", copy_state=True)),
    ("retry:2,dead-letter:out", Retry(2, then=DeadLetter("out"))), ("skip:0.7%", Skip(rate=0.007)),
])
def test_a_policy_is_one_or_its_text(given, policy):
    assert read(given, "on_error") == policy


@pytest.mark.parametrize("given, said", [
    ("skpi", "is 'skpi', which is no policy"),
    ("skpi:3", r"no policy \(did you mean skip\?\)\. It takes"),
    ("skip:x", "'x' isn't a number"), ("retry", "'' isn't a number"),
    ("retry:0", "a whole number from 1"), ("skip:-1", "from 0"), ("skip:200%", "from 0 to 1"),
    ("skip,fail", "only after retry:TIMES"), ("retry:1,retry:2", "must be another policy"), (Skip, "must be a policy"),
    (3, "must be a policy"), ("fail:1", "is no policy"), ("", "is no policy"),
    ("copy-state,fail", "nothing is put back where the run fails"), ("copy-state", "is no policy"),
    ("dead-letter:", "the folder to write to"), ("dead-letter", "is no policy"), ("skip:", "'' isn't a number"),
    ("fail:", "is no policy"), ("retry:3:", "'' isn't a number"), ("retry:3,", "is no policy"),
])
def test_what_is_none_is_refused_with_what_there_is(given, said):
    with pytest.raises(Refused, match=said):
        read(given, "on_error of count (Count)")


@pytest.mark.parametrize("make", [
    lambda: Skip(most=-1), lambda: Skip(most=True), lambda: Skip(most=1.5), lambda: Skip(rate=2),
    lambda: Skip(rate="a"), lambda: Retry(0), lambda: Retry(True), lambda: Retry(1, on=KeyboardInterrupt),
    lambda: Retry(1, on=()), lambda: Retry(1, on="OSError"), lambda: Retry(1, wait=-1),
    lambda: Retry(1, wait=float("inf")), lambda: Retry(1, then=3), lambda: DeadLetter(3),
    lambda: DeadLetter("x", most=-1), lambda: Skip(copy_state="counts"), lambda: Retry(1, copy_state=3),
])
def test_bounds_out_of_range_are_refused(make):
    with pytest.raises(Refused):
        make()


def test_one_exception_may_stand_alone():
    assert Retry(2, on=OSError).on == (OSError,)


def graph_of(function, *arguments):
    return getattr(importlib.import_module("tests.workflows.policies"), function)(*arguments)


def plan(attribute, **more):
    return d4p_compile.plan(f"{WORKFLOWS}:{attribute}", **more)


def test_a_policy_for_a_pe_that_is_not_there_is_refused_with_those_there_are():
    with pytest.raises(Refused, match=r"names 'count', and no PE has that name, id or class; the PEs: Numbers \(Numb"):
        plan("picky", on_error=["count=skip"])


def test_a_pe_that_is_nearly_named_is_asked_for():
    with pytest.raises(Refused, match=r"no PE has that name, id or class \(did you mean Picky\?\); the PEs: Numbers"):
        plan("picky", on_error=["picky=skip"])


def test_a_policy_in_the_place_of_a_pe_is_told_from_one():
    with pytest.raises(Refused, match=r"names 'skip', and no PE has that name, id or class \(did you mean skip:5\?\);"):
        plan("picky", on_error=["skip=5"])
    found = plan("picky", on_error=["retry:2,dead-letter:a=b"])  # the sign is of the folder's name
    assert found.graph.by_name["Total"].on_error == "retry 2 times, then set aside in a=b"


def test_a_pe_is_named_by_name_id_or_class():
    for name in ("Picky", "Picky1"):
        assert plan("picky", on_error=[f"{name}=skip"]).graph.by_name["Picky"].on_error == "skip"


def test_what_a_pe_says_comes_before_what_the_command_line_says_of_all_and_after_what_it_says_of_it():
    given = {"parameters": {"Picky": "skip:1"}}
    by = {pe.name: pe.on_error for pe in plan("picky", on_error=["skip"], **given).graph.pes}
    assert by == {"Numbers": "skip", "Picky": "skip, at most 1", "Total": "skip"}
    assert plan("picky", on_error=["Picky=fail"], **given).graph.by_name["Picky"].on_error == ""


def test_a_graph_says_it_for_pes_that_do_not():
    by = {pe.name: pe.on_error for pe in plan("skipping").graph.pes}
    assert by == dict.fromkeys(("Numbers", "Picky", "Total"), "skip, at most 5")
    assert {pe.on_error for pe in plan("inner").graph.pes} == {"", "skip, at most 1"}


def test_a_reader_has_a_policy_and_no_state_to_put_back():
    assert plan("reading", on_error=["skip"]).graph.by_name["ReadLines"].on_error == "skip"
    with pytest.raises(Refused, match=r"ReadLines \(ReadLines\) keeps nothing from one file to the next"):
        plan("reading", on_error=["ReadLines=copy-state,skip"])


def test_a_record_is_tried_again_and_the_run_fails_with_what_is_said_of_it(tmp_path):
    (tmp_path / "a.txt").write_text("1\nx\n3\n")
    found = answers(graph_of("tried_records", tmp_path, 2, "skip"), "sequential", own_process=False)
    assert found["Plain1", "output"] == {"-5": 1, "1": 1} and found.failures["TriedNumbers"]["retried"] == 2
    found = answers(graph_of("tried_records", tmp_path, 3, "skip"), "sequential", own_process=False)
    assert found["Plain1", "output"] == {"-5": 1} and found.failures["TriedNumbers"]["skipped"] == 1
    with pytest.raises(RunFailed, match=r"can't read record 2 of .*/a\.txt, b'x\\n': ValueError: not yet"):
        definition(graph_of("tried_records", tmp_path, 3, "fail"))


@pytest.mark.parametrize("how", [list, iter])
def test_a_reader_may_read_all_when_it_is_called(how, tmp_path):
    for number, lines in enumerate(["a\nb\n", "bad\n", "c\n"]):
        (tmp_path / f"{number}.txt").write_text(lines)
    found = answers(graph_of("whole_files", tmp_path, how), "sequential", own_process=False)
    assert found["Shortened1", "output"] == {'"a"': 1, '"b"': 1, '"c"': 1}
    assert found.failures["WholeFiles"]["skipped"] == 1


def test_a_run_fails_with_what_its_reader_said_where_no_try_is_left(tmp_path):
    (tmp_path / "a.gz").write_bytes(b"no gzip")
    with pytest.raises(RunFailed, match=r"ReadLines0 can't read .*/a.gz: Not a gzipped file"):
        definition(f"{WORKFLOWS}:files", parameters={"path": str(tmp_path)}, on_error=["ReadLines=retry:1"])


def test_the_plan_shows_policies_and_warns_where_one_meets_state():
    shown = text(plan("picky", on_error=["Picky=retry:2:0.5,skip:3", "Total=skip"]))
    assert "on error\n  Picky  retry 2 times, 0.5 s apart at first, then skip, at most 3\n  Total  skip\n" in shown
    assert "note: Total keeps state" in shown and "note: Picky" not in shown


@pytest.mark.parametrize("policy, tries, left", [
    (Skip(copy_state=True), 195, False), (Retry(2, then=Skip(copy_state=True)), 195, False),
    ("copy-state,retry:2,skip", 195, False), (Skip(copy_state=("counts", "seen")), 200, True),
    (Skip(), 200, True),
])
def test_what_a_pe_changed_for_an_item_that_failed_is_put_back(policy, tries, left):
    (found,) = definition(graph_of("tally", policy))["Tally1", "output"]
    counts, seen, last, tried, only_then = json.loads(found)
    assert (tried, only_then) == (tries, left) and last == 199
    if policy == Skip():
        assert seen == 200
    else:
        good = [number for number in range(1, 200) if number % 50 != 7]
        assert seen == 195 and counts == [[n, sum(number % 3 == n for number in good)] for n in range(3)]


@pytest.mark.parametrize("kind, said", [
    ("lock", r"copy_state of Tally \(Tally\) can't put back its attribute 'lock', which can't be copied"),
    ("global", r"copy_state of Elsewhere \(Elsewhere\) can't put back what it keeps: .*TOTAL"),
    ("isolated", r"Tally \(Tally\) has a process of its own"),
])
def test_state_that_can_not_be_put_back_is_refused(kind, said):
    with pytest.raises(Refused, match=said):
        plan("tally", parameters={"policy": "copy-state,skip", "kind": kind})


def test_the_run_fails_with_what_the_pe_raised_last_where_no_try_is_left():
    with pytest.raises(RunFailed, match=r"^Emptying \(Emptying\), instance 0, item 10: OSError: never 9\n"):
        definition(f"{WORKFLOWS}:retrying")


def test_a_rate_is_judged_of_all_items():
    with pytest.raises(RunFailed, match=r"^200 of 200 items of Never \(Never\) failed, more than its policy lets "
                                        r"\(skip, at most 0\.5 of its items\)"):
        definition(f"{WORKFLOWS}:never")


@pytest.mark.parametrize("bad, rate", [(29, 0.29), (57, 0.57), (0, 0.0), (100, 1.0)])
def test_a_rate_lets_just_so_many(bad, rate):
    found = answers(graph_of("rated", bad, rate), "sequential", own_process=False)
    assert {pe: of["skipped"] for pe, of in found.failures.items()} == ({"Rated": bad} if bad else {})
    if bad < 100:
        with pytest.raises(RunFailed, match=rf"^{bad + 1} of 100 items of Rated \(Rated\) failed, more than"):
            definition(graph_of("rated", bad + 1, rate))


def test_no_try_is_made_for_other_exceptions():
    with pytest.raises(RunFailed, match="bad 7"):
        definition(f"{WORKFLOWS}:other")


def test_the_first_failure_of_each_kind_is_told_with_its_item():
    found = answers(f"{WORKFLOWS}:kinds", "sequential")
    assert found.failures["Kinds"]["failed"] == 100
    assert sorted(found.failures["Kinds"]["first"]) == ["KeyError", "ValueError"]
    first = found.failures["Kinds"]["first"]["KeyError"].splitlines()
    assert first[:2] == ["Kinds (Kinds), instance 0, item 4: KeyError: 3", "  the item: 3"]
    assert first[-1] == "KeyError: 3" and "_process" in first[-3]
    assert first[2:3] == ["Traceback (the PE's own):"] and len(first) == 6  # and no frame of the program


def test_what_is_written_for_one_item_waits_on_disk_where_it_is_much():
    found = definition(f"{WORKFLOWS}:much", options=["-i3"])
    assert found["Length1", "output"] == {"[3, 3145728]": 1, "[5, 5242880]": 1}


#: Runs a program, and prints the most memory that it had.
LARGEST = """
import os, resource, runpy, sys
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def test_what_is_written_for_one_item_takes_no_more_memory_where_it_is_more(tmp_path):
    largest = []
    for count in (40, 240):
        bundle = d4p_compile.compile(f"{WORKFLOWS}:flood", "sequential", output=tmp_path / str(count),
                                     parameters={"count": count})
        done = subprocess.run([sys.executable, "-c", LARGEST, bundle.script], cwd=tmp_path, timeout=60,
                              capture_output=True, text=True)
        assert done.returncode == 0 and str(count << 20) in done.stdout, done.stderr
        largest.append(int(done.stderr.splitlines()[-1]) / 1024)
    assert largest[1] < largest[0] + 60, "MiB, of 200 more"


def test_a_batch_is_halved_until_the_item_is_found():
    found = answers(f"{WORKFLOWS}:batches", "sequential")
    assert {pe: of["skipped"] for pe, of in found.failures.items()} == {"Batches": 2}
    assert sum(found["Batches2", "output"].values()) == 45 - 2
    assert "item" in found.failures["Batches"]["first"]["ValueError"]


def test_a_root_that_never_ends_is_limited_also_where_its_writes_wait():
    found = definition(f"{WORKFLOWS}:endless", options=["--limit=5"])
    assert found["Endless0", "output"] == {str(number): 1 for number in range(5)}


def test_a_pe_is_failed_at_by_what_it_does_itself_alone():
    with pytest.raises(RunFailed, match=r"^Never \(Never\), instance 0, item 1: RuntimeError: no"):
        definition(f"{WORKFLOWS}:behind")


def test_an_isolated_pe_writes_to_its_ports_once_and_logs(capfd):
    found = definition(f"{WORKFLOWS}:puts")
    assert found["Puts1", "even"] == {f"[{number}]": 1 for number in range(0, 10, 2)}
    assert found["Puts1", "odd"] == {f"[{number}]": 1 for number in range(1, 10, 2)}
    assert "Puts [0]: has 3\n" in capfd.readouterr().out


def test_a_pe_that_crashes_hangs_or_leaves_costs_an_item_and_not_the_run():
    found = answers(f"{WORKFLOWS}:risky", "sequential")
    assert {pe: (of["failed"], of["skipped"]) for pe, of in found.failures.items()} == {"Risky": (4, 4)}
    assert sorted(found.failures["Risky"]["first"]) == ["ProcessDied", "TimeLimitExceeded", "ValueError"]
    results = found["Risky1", "output"]
    assert results.pop('"end"') >= 1
    good = [number for number in range(200) if number not in (20, 40, 60, 80)]
    assert results == dict.fromkeys(map(str, [*good, *(-number for number in good)]), 1) | {"0": 2}


@pytest.mark.parametrize("kind, said", [
    ("limit", r"time_limit of Never \(Never\) must be seconds, more than 0; it is 0"),
    ("memory", r"memory_limit of Never \(Never\) must be bytes, a whole number from 1, such as .*; it is 0\.5"),
    ("flag", r"isolate of Never \(Never\) must be True or False; it is 'yes'"),
    ("reader", r"ReadLines \(ReadLines\) can't have a process of its own: it reads its own input"),
])
def test_isolation_that_makes_no_sense_is_refused(kind, said):
    with pytest.raises(Refused, match=said):
        plan("isolated", parameters={"kind": kind})


def test_an_isolated_pe_that_does_not_live_through_preprocess_fails_the_run():
    with pytest.raises(RunFailed, match=r"BadStart \(BadStart\), in preprocess: its process ended with 4"):
        definition(f"{WORKFLOWS}:isolated", parameters={"kind": "preprocess"})


def test_the_plan_says_who_has_a_process_of_its_own():
    assert "Risky  skip, in a process of its own, at most 5 s an item" in text(plan("risky"))
    troubled = text(plan("troubled", parameters={"bad": True}))
    assert "Troubled  fail, in a process of its own, at most 2 s an item, with at most 1,024 MiB" in troubled


def test_a_loop_catches_what_a_pe_raises_that_writes_nothing_meanwhile():
    program = target("sequential").program(plan("unguarded", on_error=["Plain=skip"]))
    assert """        try:
            item = plain._process(item)
        except Exception as error:
            item = stage.failed(plain, item, error)
        if item is not None:
""" in program
    assert "    stage.tries(plain)  # skip\n" in program
    other = target("sequential").program(plan("unguarded", on_error=["Plain=retry:1", "Numbers=skip"]))
    assert " try:" not in other and "item = plain._process(item)" in other


def test_a_loop_hands_on_what_a_pe_wrote_once_it_is_done_with_the_item():
    program = target("sequential").program(plan("picky", on_error=["Picky=dead-letter:failed"]))
    assert """        try:
            item = picky._process(item if type(item) in atoms else stage.own(item))
        except Exception as error:
            item = stage.failed(picky, item, error)
        while picky_wrote:
            to_total(picky_wrote.popleft())
        if item is not None:
            to_total(item)
""" in program
    assert "    picky_wrote = stage.written(picky)\n" in program
    assert "    stage.tries(picky, copied=True)  # set aside in failed\n" in program


def test_nothing_stands_around_the_calls_and_the_writes_of_a_pe_without_a_policy():
    here = {"hashes": 0, "writes": True}
    with program("policies.py:hashing", "processes", 2, on_error=None, **here) as names:
        pe, _ = generated(names)[0].pes
        assert not {"process", "_process"} & vars(pe).keys()
        assert pe.write.__name__ == "into_last"  # the program's own function for the PE behind, joined with `write`
    with program("policies.py:hashing", "processes", 2, on_error="skip", **here) as names:
        assert generated(names)[0].pes[0].write.__name__ != "into_last"


@pytest.mark.parametrize("graph", ["two_edges", "unconnected", "composites", "many_ports", "own_write", "odd_names"])
@pytest.mark.parametrize("policy", ["skip", "retry:1,skip"])
def test_where_nothing_fails_a_policy_changes_nothing(graph, policy):
    workflow = f"{WORKFLOWS.with_name('semantics.py')}:{graph}"
    assert definition(workflow, on_error=[policy]) == definition(workflow)


@pytest.mark.parametrize("policy", [None, "skip", "copy-state,skip", "retry:1,skip", "dead-letter:failed"])
def test_what_a_pe_writes_before_and_after_its_items_counts_whoever_fails(policy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = definition(f"{WORKFLOWS}:around", on_error=[f"Around={policy or 'fail'}"],
                       parameters={"bad": policy is not None})
    numbers = [number for number in range(200) if policy is None or number % 50 != 7]
    assert found["Listing2", "output"] == {json.dumps([*["before"] * 2, *numbers, *["after"] * 2]): 1}


def test_pes_may_be_called_as_what_stands_in_a_loop_is():
    for name in ("error", "atoms", "item", "stage"):
        found = definition(f"{WORKFLOWS}:given", parameters={"name": name}, on_error=["skip"],
                           options=["-d", json.dumps({name: [{"by": 0}]})])
        assert found.failures[name]["skipped"] == 1


def test_a_program_whose_loop_catches_takes_another_policy_too():
    with pytest.raises(RunFailed, match=r"^Plain \(Plain\), instance 0, item 4: ZeroDivisionError: "):
        definition(f"{WORKFLOWS}:unguarded", on_error=["Plain=skip"], options=["--on-error=Plain=fail"])
    found = definition(f"{WORKFLOWS}:unguarded", on_error=["Plain=skip"], options=["--on-error=Plain=retry:2,skip"])
    assert found.failures["Plain"]["retried"] == 2


def test_a_record_that_is_broken_is_set_aside_alone(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"1\n2\nx\n4\n\xff\n")
    (tmp_path / "b.txt").write_bytes(b"6\n")
    failed, parameters = tmp_path / "failed", {"path": str(tmp_path / "*.txt")}
    found = answers(f"{WORKFLOWS}:records", "sequential", parameters=parameters,
                    on_error=[f"ReadNumbers=dead-letter:{failed}"])
    assert found.failures["ReadNumbers"]["aside"] == 2
    lines = [line for part in failed.glob("*/part-*") for line in part.read_text().splitlines()]
    told = [(letter["error"], letter["from"]) for letter in map(json.loads, lines)]
    assert {(error, where["file"], where["record"]) for error, where in told} == {
        ("JSONDecodeError", f"{tmp_path}/a.txt", 3), ("UnicodeDecodeError", f"{tmp_path}/a.txt", 5)}
    assert found["Plain1", "output"] == {"-5": 1, "-10": 1, "10": 1, "3": 1}
    loaded, _ = replayed(str(failed), load(f"{WORKFLOWS}:records", parameters=parameters | {"mended": True}))
    assert answers(loaded.graph, "sequential")["Plain1", "output"] == {"-4": 2}


@pytest.mark.parametrize("option, said", [
    ("skip", "Plain has a policy for items that fail, and the program has `.*` written out in its place"),
    ("count=skip", "no PE has that name"), ("skpi", "is no policy"),
])
def test_a_program_refuses_a_policy_that_makes_no_sense_before_its_engine_starts(option, said):
    def no_engine(*_):
        raise AssertionError("the engine was started")

    engine = replace(sequential.ENGINE, execute=no_engine)
    with mock.patch.object(sequential, "ENGINE", engine), pytest.raises(Refused, match=said):
        definition(f"{WORKFLOWS}:unguarded", options=[f"--on-error={option}"])


def test_a_method_of_that_name_is_a_users_own():
    assert {pe.on_error for pe in plan("of_methods").graph.pes} == {""}
