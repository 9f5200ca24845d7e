"""Every run leaves a record, with the same fields on every target."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile
from d4p.host.threads import cores
from d4p.stage.figures import PARTS
from tests.chaos.programs import until
from tests.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = f"{ROOT}/tests/workflows/recorded.py:make"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def read(runs: Path, name: str = "run.json") -> dict:
    (folder,) = (path for path in runs.iterdir() if path.name != "programs")
    return json.loads((folder / name).read_text())


def run(*words: str, workflow: str = WORKFLOW, **more) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "d4p_compile", "run", workflow, *words], capture_output=True,
                          text=True, timeout=180, **more)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_a_run_says_what_it_was_and_where_the_time_went(target, runs, tmp_path):
    done = run("-t", target, "-p", "api_key='swordfish'", "-p", "slow=0.4", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    found, figures = read(runs), read(runs, "summary.json")
    assert {key: found[key] for key in ("state", "target", "name", "exit_status", "cause")} == {
        "state": "done", "target": target, "name": "recorded", "exit_status": 0, "cause": None}
    assert found["parameters"] == {"api_key": "***", "slow": 0.4} and "swordfish" not in json.dumps(found)
    assert found["outputs"] == [str(tmp_path / "out")]
    success = json.loads(next((tmp_path / "out").rglob("_SUCCESS")).read_text())
    assert found["id"] in json.dumps(success)
    assert figures["edges"]["Numbers.output -> Spread.input"]["items"] == 300
    assert figures["edges"]["Spread.output -> Count.input"]["items"] == 600
    assert figures["pes"]["Count"] == {"instances": 2, "received": 600}
    plan = read(runs, "plan.json")
    assert {each["stage"] for each in figures["instances"]} == {stage["number"] for stage in plan["stages"]}
    for each in figures["instances"]:
        assert set(each["seconds"]) <= set(PARTS) and each["seconds"]["working"] > 0, each
        assert min(each["seconds"].values()) >= 0
        assert sum(each["seconds"].values()) <= figures["seconds"] * 1.01
        assert sum(each["seconds"].values()) == pytest.approx(each["life"], rel=0.01)
        assert each["ended"] and each["peak"] > 1 << 20 and each["process"] and each["host"]
    counted = {each["instance"]: each for each in figures["instances"] if "Count" in each["received"]}
    slow = figures["slowest"][0]
    assert (slow["pe"], slow["stage"]) == ("Count", counted[0]["stage"]) and 0.2 < slow["seconds"] < 10
    assert 0 < slow["item"] <= counted[slow["instance"]]["received"]["Count"]
    if target.startswith("spark"):
        shuffled = next(each for each in figures["spark"] if each["written"])
        assert shuffled["tasks"] > 0 and shuffled["longest"] >= shuffled["median"] >= 0 and shuffled["name"]
        assert sum(each["read"] for each in figures["spark"]) > 0
    lanes = figures["edges"]["Spread.output -> Count.input"]["lanes"]
    assert lanes["items"] == [counted[at]["received"]["Count"] for at in range(2)]
    if target != "sequential":  # where nothing is sent
        assert min(lanes["bytes"]) > 0
    assert sum(phase["seconds"] for phase in figures["phases"]) == pytest.approx(figures["seconds"], rel=0.01)
    (folder,) = (path for path in runs.iterdir() if path.name != "programs")
    assert (folder / "log.txt").read_text().endswith("got 7\n")
    assert (runs / "programs" / found["program"] / "job.py").exists()


@pytest.mark.parametrize("words", [["sequential", "-p", "isolate=True"], ["processes", "-p", "isolate=True"],
                                   ["processes", "-p", "isolate=False", "--recover"],
                                   ["processes", "-p", "isolate=True", "--recover"]], ids=" ".join)
def test_what_works_in_a_process_beside_its_instance_is_seen(words, runs):
    assert run("-t", *words, workflow=f"{ROOT}/tests/workflows/recorded.py:elsewhere").returncode == 0
    figures = read(runs, "summary.json")
    slow = figures["slowest"][0]
    assert slow["pe"] == "Elsewhere" and slow["seconds"] > 0.3
    (mine,) = (each for each in figures["instances"] if (each["stage"], each["instance"]) == (
        slow["stage"], slow["instance"]))  # fmt: skip
    assert 0 < slow["item"] <= mine["received"]["Elsewhere"] and mine["within"]["Elsewhere"] > 0.3
    if words[0] == "processes":
        assert mine["cpu"] > 0.5


@pytest.mark.parametrize(("words", "width"), [(["-n", "3"], 3), ([], cores())])
def test_the_width_of_a_run_is_recorded(runs, words, width):
    assert run("-t", "processes", *words).returncode == 0
    found = read(runs)
    assert found["width"] == width and found["asked"] == (width if words else None)


@pytest.mark.parametrize("target", TARGETS)
def test_a_run_that_fails_says_of_which_pe(target, runs):
    assert run("-t", target, "-p", "fails_at=42").returncode == 1
    found = read(runs)
    assert (found["state"], found["exit_status"]) == ("failed", 1)
    assert "42 is too many" in found["cause"]["message"] and "Count" in found["cause"]["message"]
    assert f'File "{WORKFLOW.partition(":")[0]}", line' in found["cause"]["message"]  # and not that of a copy
    if target != "mpi":  # where the rank that failed may be the one that says it
        assert found["cause"]["pe"] == "Count" and found["cause"]["item"] > 0


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_compiled_program_alone_records_its_run(target, runs, tmp_path):
    bundle = d4p_compile.compile(WORKFLOW, target, output=tmp_path / "job")
    done = subprocess.run([sys.executable, str(bundle.script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (read(runs)["state"], read(runs)["target"]) == ("done", target)
    assert read(runs, "plan.json")["workflow"] == "recorded"


def test_the_parts_of_an_instance_are_its_life(runs):
    assert run("-t", "processes", "-p", "count=500", "-p", "seconds=0.002").returncode == 0
    figures = read(runs, "summary.json")
    counted = [each for each in figures["instances"] if "Count" in each["received"]]
    assert sum(each["seconds"]["working"] for each in counted) >= 1000 * 0.002
    moving = next(phase["seconds"] for phase in figures["phases"] if phase["what"] == "running")
    for each in counted:
        assert sum(each["seconds"].values()) <= moving * 1.01 + 0.5
        assert 0 < each["cpu"] < sum(each["seconds"].values())


def test_a_killed_run_can_be_read(runs, tmp_path):
    bundle = d4p_compile.compile(WORKFLOW, "sequential", output=tmp_path / "job",
                                 parameters={"seconds": 0.05, "count": 10_000})  # fmt: skip
    process = subprocess.Popen([sys.executable, str(bundle.script)], stdout=subprocess.DEVNULL)
    try:
        until(lambda: runs.exists() and list(runs.glob("*/plan.json")), seconds=60)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    assert read(runs)["state"] == "running" and read(runs)["process"] == process.pid


def test_the_command_closes_the_record_of_a_program_that_was_killed(runs):
    command = subprocess.Popen([sys.executable, "-m", "d4p_compile", "run", WORKFLOW, "-p", "seconds=0.05",
                                "-p", "count=10000"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    until(lambda: runs.exists() and list(runs.glob("*/plan.json")), seconds=60)
    os.kill(read(runs)["process"], signal.SIGKILL)
    command.communicate(timeout=60)
    assert (read(runs)["state"], read(runs)["exit_status"]) == ("failed", 137)
    assert "SIGKILL" in read(runs)["cause"]["message"]


def test_without_a_place_for_the_record_the_run_goes_on(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "file" / "runs"))
    done = run()
    assert done.returncode == 0 and "Count2.output: 5 items" in done.stdout
    assert done.stdout.count("note: the run isn't recorded: ") == 1


def test_a_run_may_leave_no_record(runs):
    done = run("--no-record")
    assert done.returncode == 0 and not runs.exists()
