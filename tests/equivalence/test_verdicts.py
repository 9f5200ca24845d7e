"""A planted bottleneck is named, whatever runs the workflow; where none is planted, none is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from d4p_compile.runs.folder import find
from d4p_compile.runs.shares import Shares
from d4p_compile.runs.verdict import verdicts
from tests.targets import TARGETS, on_spark
from tests.verdicts.planting import Planted, planted
from tests.verdicts.running import named, right
from tests.verdicts.running import run as run_planted

WORKFLOW = f"{Path(__file__).resolve().parents[1]}/workflows/planted.py:make"
SLOW = 0.01
PLANTED = {"first": ("limiting", "First"), "middle": ("limiting", "Middle"), "common": ("skewed", "Last")}


def run(target: str, tmp_path, monkeypatch, **seconds: float):
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    words = [word for name, value in seconds.items() for word in ("-p", f"{name}={value}")]
    done = subprocess.run([sys.executable, "-m", "d4p_compile", "run", WORKFLOW, "-t", target, "-q", *words],
                          capture_output=True, text=True, timeout=180)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return find("latest")


@pytest.mark.parametrize("target", ["processes", "mpi"])
@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_bottleneck_is_named(target, planted, tmp_path, monkeypatch):
    found = run(target, tmp_path, monkeypatch, **{planted: SLOW})
    rule, pe = PLANTED[planted]
    said = verdicts(found)
    stage = next(stage for stage in Shares(found).stages if pe in stage.pes)
    assert said and (said[0].rule, said[0].stage) == (rule, stage.number), said


def test_of_pes_in_one_process_the_one_that_takes_most_is_named(tmp_path, monkeypatch):
    said = verdicts(run("sequential", tmp_path, monkeypatch, middle=SLOW))
    assert said and (said[0].rule, said[0].pe) == ("limiting", "Middle"), said


@pytest.mark.parametrize(("target", "seed"), [("spark-rdd", 2), ("spark-df", 0)], ids=["skewed", "slow"])
def test_what_is_planted_in_a_graph_of_sparks_is_named(target, seed, spark_session, tmp_path):
    graph = planted(target, seed)
    said = named(run_planted(graph, target, tmp_path))
    assert right(graph, said), (graph, said)


@pytest.mark.parametrize("target", ["processes", "mpi"])
def test_where_none_is_planted_none_is_named(target, tmp_path, monkeypatch):
    found = run(target, tmp_path, monkeypatch, first=SLOW / 2, middle=SLOW / 2, last=SLOW / 0.8)
    assert not [verdict for verdict in verdicts(found) if verdict.stage is not None]


def test_who_waits_for_order_and_needs_not_is_told_so(tmp_path, monkeypatch):
    """One step is late with its first item, for which the sum behind it holds all others."""
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    done = subprocess.run([sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOW.partition(':')[0]}:late", "-q", "-n",
                           "2", "-t", "processes"], capture_output=True, text=True, timeout=180)  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = [each for each in verdicts(find("latest")) if each.rule == "held_for_order"]
    assert said and said[0].pe == "Total" and "any_order = True" in said[0].remedies[0]


#: Seconds of an item by PE, if the machine has nothing else to do.
COSTS = {"Told1": 0.002, "Told2": 0.006, "Told3": 0.018}


@pytest.mark.parametrize("target", TARGETS)
def test_the_shares_of_fused_pes_are_found(target, request, tmp_path):
    if on_spark(target):
        request.getfixturevalue("spark_session")
    nodes = [["Source", {"items": 40}], *(["Told", {"seconds": seconds}] for seconds in COSTS.values())]
    graph = Planted("", json.dumps({"nodes": nodes, "edges": [[0, 1], [1, 2], [2, 3]]}), 1)
    found = run_planted(graph, target, tmp_path, "--profile")
    (stage,) = found.summary["profile"]
    shares = {pe: of["share"] for pe, of in stage["pes"].items()}
    took = {line.partition(" ")[0]: float(line.split()[-1]) for line in found.log.splitlines()}
    assert took.keys() == COSTS.keys() and all(took[pe] > 40 * seconds for pe, seconds in COSTS.items())
    assert shares == pytest.approx({pe: seconds / sum(took.values()) for pe, seconds in took.items()} | {"Source": 0},
                                   abs=0.05)
    assert Shares(found).stages[0].inside == shares
