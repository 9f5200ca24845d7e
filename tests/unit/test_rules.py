"""What rules find in records, what they don't, and what they say would help."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from d4p.host.room import memory
from d4p_compile.command.options import _parameters
from d4p_compile.runs.folder import Run
from d4p_compile.runs.rules.found import command
from d4p_compile.runs.verdict import RULES, Verdict, verdicts
from tests.unit.test_runs import channel, make


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def told(run: Run, of: dict[int, dict[str, Any]] | None = None, files: Sequence[Any] = (), **summary: Any
         ) -> list[Verdict]:
    """What is said of a record, with more in its summary, and in its instances of a stage."""
    found = run.summary | summary
    for each in found["instances"]:
        each |= (of or {}).get(each["stage"], {})
    (run.folder / "summary.json").write_text(json.dumps(found))
    (run.folder / "inputs.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in files))
    return verdicts(Run(run.folder))


BUSY, IDLE = {"working": 9.5, "waiting": 0.5}, {"working": 0.5, "waiting": 9.5}


@pytest.mark.parametrize("how", [{"within": {"a": 0.5, "b": 7.0, "c": 0.5}}, {}], ids=["seen", "timed"])
def test_the_pe_of_a_stage_that_takes_most_of_it_is_named(runs, how):
    stages = [(["a", "b", "c"], [(BUSY, 9)]), (["d"], [(IDLE, 9)])]
    timed = [] if how else [{"stage": 1, "pes": {"a": {"share": 0.06}, "b": {"share": 0.88}, "c": {"share": 0.06}}}]
    found = told(make(runs, "a1", stages, [channel("c", "d")]), {1: how}, profile=timed)
    assert (found[0].rule, found[0].pe, found[0].stage) == ("limiting", "b", 1)
    assert found[0].sentence.startswith("b limits the run: 88 % of the work of stage 1 (a > b > c), which is 95 % busy")


@pytest.mark.parametrize("within", [{"a": 4.0, "b": 4.5}, {"b": 0.3}], ids=["two alike", "seldom seen"])
def test_where_none_of_its_pes_stands_out_the_stage_is(runs, within):
    stages = [(["a", "b"], [(BUSY, 9)]), (["c"], [(IDLE, 9)])]
    (found,) = told(make(runs, "a1", stages, [channel("b", "c")]), {1: {"within": within}})
    assert (found.pe, found.sentence[:27]) == (None, "stage 1 (a > b) limits the ")


def test_the_walk_goes_from_who_is_blocked_to_who_is_busy(runs):
    blocked = {"working": 4.0, "blocked": 6.0}
    stages = [([name], [(seconds, 9)]) for name, seconds in
              (("a", {"working": 1.0, "blocked": 9.0}), ("b", blocked), ("c", blocked), ("d", BUSY), ("e", IDLE))]
    edges = [channel(source, dest) for source, dest in ("ab", "bc", "cd", "de")]
    (found,) = told(make(runs, "a1", stages, edges))
    assert found.pe == "d" and "c waited for it to take items 60 % of its time" in found.sentence


def test_who_waits_for_something_else_than_the_cpu_is_told_so(runs):
    stages = [(["a"], [(BUSY, 9)] * 2), (["b"], [(IDLE, 9)])]
    (found,) = told(make(runs, "a1", stages, [channel("a", "b")]), {1: {"cpu": 0.4}, 2: {"cpu": 0.4}})
    assert "CPU is at work for 4 %" in found.remedies[0]
    assert found.remedies[0].endswith("d4p run words.py --target processes -n 8")


def test_memory_near_what_there_is(runs):
    stages = [(["a"], [(BUSY, 9)]), (["b"], [(BUSY, 9)])]
    of = {1: {"peak": 100 << 20, "process": 1}, 2: {"peak": 800 << 20, "process": 2}}
    run = make(runs, "a1", stages, [channel("a", "b")], machine={"memory": 1000 << 20})
    (found,) = told(run, of)
    assert (found.rule, found.stage) == ("memory", 2) and "90 % full: 944 MB of 1.0 GB" in found.sentence
    assert not told(run, of | {2: {"peak": 700 << 20}})
    shared = {number: {"peak": 800 << 20, "process": 1} for number in (1, 2)}
    assert not told(run, shared), "two instances of a process have its memory once"


def edges(items: int, size: int) -> dict[str, Any]:
    return {"a.output -> b.input": {"items": items, "bytes": items * size}}


def test_items_that_are_small_and_many(runs):
    half = {"working": 5.0, "waiting": 5.0}
    stages = [(["a"], [(half, 9)]), (["b"], [(half, 9)])]
    run = make(runs, "a1", stages, [channel("a", "b")])
    (found,) = told(run, edges=edges(2_000_000, 12))
    assert found.rule == "small_items" and "2,000,000 of about 12 bytes" in found.sentence
    assert "5.0 microseconds" in found.sentence
    assert found.remedies[0].startswith("PEs together, in one process: d4p run words.py --target processes --fuse")
    pes = [{"name": "a", "inputs": {}, "instances": "width"}, {"name": "b", "inputs": {"input": "by"}, "instances": 2}]
    read = make(runs, "a2", stages, [channel("a", "b")], pes)
    (found,) = told(read, edges=edges(2_000_000, 12))
    assert found.remedies[0].endswith("--target processes -n 1"), "a reader has the width, and isn't one to stay with"
    assert not told(run, edges=edges(2_000_000, 4_000)), "they are large"
    assert not told(run, edges=edges(20_000, 12)), "they are few, and much is done for each"


@pytest.mark.parametrize("keeps", [True, False])
def test_a_skewed_key_whose_items_need_not_stay_where_it_is(runs, keeps):
    stages = [(["a"], [(IDLE, 9)]), (["b", "c"], [(BUSY, 90), (IDLE, 9)])]
    pes = [{"name": name, "inputs": {"input": "by"}, "keeps_state": keeps or name == "b"} for name in "abc"]
    (found,) = told(make(runs, "a1", stages, [channel("a", "b", "hash", [0])], pes))
    assert found.rule == "skewed" and found.remedies[-2].startswith("group by a key of more values")
    offered = "if it is c that takes the time: `fuse = False` in its class, and items go to whoever is free"
    assert found.remedies[0].startswith(offered) != keeps


def test_packing_counts_where_items_are_large(runs):
    half = {"working": 1.0, "packing": 6.0, "waiting": 3.0}
    run = make(runs, "a1", [(["a"], [(half, 9)]), (["b"], [(half, 9)])], [channel("a", "b")])
    assert told(run, edges=edges(9_000, 4_000))[0].rule == "packing"


def test_files_that_are_small_and_many(runs):
    stages = [(["a"], [({"working": 6.0, "waiting": 4.0}, 9)]), (["b"], [({"working": 5.0, "waiting": 5.0}, 9)])]
    run = make(runs, "a1", stages, [channel("a", "b")])
    (found,) = told(run, files=[{"pe": "a", "size": 3_000}] * 900)
    assert (found.rule, found.pe) == ("small_files", "a") and "900 files of 3.0 kB" in found.sentence
    assert not told(run, files=[{"pe": "a", "size": 3_000_000}] * 900)
    assert not told(run, files=[{"pe": "a", "size": 3_000}] * 90)


def test_what_spark_says_of_its_stages(runs):
    stages = [(["a"], [({"working": 4.0}, 9)]), (["b"], [({"working": 4.0}, 9)])]
    run = make(runs, "a1", stages, target="spark-rdd")
    whole = {"name": "stage 2: b", "tasks": 4, "median": 1.0, "spilled": 0}
    assert not told(run, spark=[whole])
    assert told(run, spark=[whole, whole | {"spilled": 900 << 20}])[0].rule == "spilled"
    (found,) = told(run, spark=[whole | {"tasks": 400, "median": 0.01}])
    assert found.rule == "small_tasks" and found.remedies == ("fewer: d4p run words.py --target spark-rdd -n 2",)


def test_stages_that_run_one_after_the_other_are_measured_by_the_time_that_they_take(runs):
    stages = [(["a"], [({"starting": 1.0, "working": 1.0}, 9)]), (["b"], [({"working": 6.0}, 9)])]
    run = make(runs, "a1", stages, moving=15.0, target="spark-rdd")
    found = told(run, {1: {"began": 100.0}, 2: {"began": 107.0}})
    assert [each.rule for each in found] == ["engine_start", "limiting"]
    assert "what it does for itself 8.0 s; items moved for 7.0 s" in found[0].sentence and found[1].pe == "b"


def test_a_command_to_paste_is_that_of_the_run(runs):
    run = make(runs, "a1", [(["a"], [(BUSY, 9)]), (["b"], [(IDLE, 9)])], target="sequential", workflow="in.words:make",
               source="/data/me", folder="/data", parameters={"n": 3, "name": "a b", "key": "***"})
    (found,) = told(run)
    assert found.remedies[-1].endswith(
        """: d4p run me/in/words.py:make -p n=3 -p 'name="a b"' --target processes""")


@pytest.mark.parametrize("value", [True, None, [0, {"a": False}], "it's", "True", "\U0001f600\n\\", -3], ids=repr)
def test_a_parameter_of_it_is_read_again_as_it_was(runs, value):
    run = make(runs, "a1", workflow="words:make", parameters={"x": value})
    words = shlex.split(command(run, "-n 2"))
    (given,) = (said for option, said in pairwise(words) if option == "-p")
    assert _parameters(cast(Any, None), cast(Any, None), (given,)) == {"x": value}


@pytest.mark.parametrize(("about", "words"), [
    ({"inputs": {"read": 1}, "limit": 5, "options": {"output": "a b", "overwrite": True, "quiet": True}},
     ["--limit=5", "--output=a b", "--overwrite"]),
    ({"inputs": {"read": 3, "more": 3}, "options": {"on_error": ["skip"]}}, ["--iter=3", "--on-error=skip"]),
    ({"inputs": {"read": [{"x": "it's"}], "more": 1}}, ["""--data={"read": [{"x": "it's"}], "more": 1}"""]),
    ({"inputs": {"read": [{"key": "***"}]}, "options": {"file": "in.json"}}, ["--file=in.json"]),
    ({"inputs": {"read": [{"key": "***"}]}, "options": []}, [])])
def test_it_has_the_inputs_and_outputs_of_the_run(runs, about, words):
    run = make(runs, "a1", workflow="words:make", **about)
    assert shlex.split(command(run, "-n 2"))[3:-4] == words


@pytest.mark.parametrize(("delayed", "said"), [(4.0, "no core was free: the mach"), (0.1, "CPU is at work for 4 %")])
def test_who_waits_for_a_core_is_told_so_and_not_to_have_more_instances(runs, delayed, said):
    stages = [(["a"], [(BUSY, 9)] * 2), (["b"], [(IDLE, 9)])]
    run = make(runs, "a1", stages, [channel("a", "b")])
    (found,) = told(run, {1: {"cpu": 0.4, "delayed": delayed}, 2: {"cpu": 0.4}})
    assert said in found.remedies[0]
    assert any("-n 8" in each or "more of them" in each for each in found.remedies) == (delayed < 1)


def late(runs, began: float, **fold: Any) -> list[Verdict]:
    """What is said where steps have ended after 6 seconds, and a fold that began later holds for 4 and works for 5."""
    stages = [(["read"], [({"working": 0.5, "waiting": 5.5}, 1)]),
              (["step"], [({"working": 6.0}, 50), ({"working": 1.0, "waiting": 5.0}, 50)]),
              (["fold"], [({"waiting": 1.0, "held": 4.0, "working": 5.0}, 100)])]
    pes = [{"name": "step", "keeps_state": False}, {"name": "fold", "keeps_state": True} | fold]
    run = make(runs, "a1", stages, [channel("read", "step"), channel("step", "fold")], pes)
    return told(run, {1: {"began": 100.0}, 2: {"began": 100.0}, 3: {"began": began}})


def test_who_holds_items_for_order_and_works_on_them_when_all_else_is_done(runs):
    (found,) = late(runs, 100.0)
    assert (found.rule, found.stage, found.pe) == ("held_for_order", 3, "fold")
    assert found.sentence.startswith("fold held items for order for 4.0 s, 40 % of its time, and was at work for 5.0 s")
    assert "what fold gives doesn't depend" in found.remedies[0]
    assert "`any_order = True` in its class" in found.remedies[0]
    assert found.remedies[1].startswith("items cost step unlike much")


@pytest.mark.parametrize("how", [{"any_order": True}, {"keeps_state": False}, {"began": 97.0}], ids=str)
def test_where_order_costs_nothing_it_is_not_named(runs, how):
    """The PE says that order is no matter, it keeps no state, or it was at work meanwhile."""
    assert not [each for each in late(runs, how.pop("began", 100.0), **how) if each.rule == "held_for_order"]


def test_a_stage_that_limits_the_run_and_held_items_for_order_is_told_so(runs):
    stages = [(["a"], [({"working": 1.0, "waiting": 9.0}, 9)] * 2), (["b"], [({"working": 7.0, "held": 3.0}, 9)])]
    run = make(runs, "a1", stages, [channel("a", "b")], [{"name": "b", "keeps_state": True}])
    (found,) = told(run)
    assert found.rule == "limiting" and any("it held items for order 30 % of its time: if what b" in remedy
                                            for remedy in found.remedies)  # fmt: skip


def test_every_rule_says_why_and_what_would_help():
    for rule in RULES:
        assert rule.__doc__ and rule.__doc__.strip().endswith(".")


@pytest.mark.parametrize(("files", "environ", "least"), [
    ({}, {}, None),
    ({"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/memory.max": "5000\n"}, {}, 5000),
    ({"proc/self/cgroup": "0::/job/step\n", "sys/fs/cgroup/job/memory.max": "5000\n",
      "sys/fs/cgroup/job/step/memory.max": "max\n"}, {}, 5000),
    ({"proc/self/cgroup": "3:memory:/a\n2:cpu:/b\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "7000\n"}, {},
     7000),
    ({}, {"SLURM_MEM_PER_NODE": "2"}, 2 << 20),
    ({"proc/self/cgroup": "no such thing\n"}, {"SLURM_MEM_PER_NODE": "all"}, None),
])  # fmt: skip
def test_how_much_memory_there_is(tmp_path, files, environ, least):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    has = memory({}, tmp_path / "nowhere")
    assert has and has > 1 << 28 and memory(environ, tmp_path) == (least or has)
