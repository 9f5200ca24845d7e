"""What d4p says of a run that is done but for some items."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile
from d4p_compile.peek.show import peek
from tests.mpi.starting import ANYWHERE

POLICIES = Path(__file__).parents[1] / "workflows" / "policies.py"


def d4p(command: str, *words: object) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "d4p_compile", command, f"{POLICIES}:{words[0]}", *map(str, words[1:])]
    return subprocess.run(line, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("target", ["sequential", "mpi"])
def test_items_that_were_left_out_are_counted_and_the_status_is_3(target):
    done = d4p("run", "kinds", "--target", target)
    assert done.returncode == 3, done.stderr
    assert "  Kinds: 100 failed, 100 skipped\n    Kinds (Kinds), instance " in done.stdout
    assert f'File "{POLICIES}", line' in done.stdout
    assert done.stderr.endswith("done, 100 items skipped\n")
    quiet = d4p("run", "kinds", "--target", target, "--quiet")
    assert quiet.returncode == 3 and quiet.stderr == "done, 100 items skipped\n" and "Kinds: " not in quiet.stdout


def test_a_retry_that_helped_is_counted_and_the_run_is_done():
    done = d4p("run", "unguarded", "--on-error", "skip", "--on-error", "Plain=retry:1,skip")
    assert done.returncode == 3 and "  Plain: 1 failed, 1 skipped, 1 tried again\n" in done.stdout
    helped = d4p("run", "helped")
    assert helped.returncode == 0 and "  Once: 1 tried again\n" in helped.stdout and not helped.stderr


def test_the_run_is_refused_before_it_begins_where_a_policy_makes_no_sense(tmp_path):
    refused = d4p("run", "kinds", "--on-error", "Kind=skip", "--output", tmp_path / "out")
    assert refused.returncode == 2 and not refused.stdout
    assert refused.stderr == ("refused: --on-error names 'Kind', and no PE has that name, id or class "
                              "(did you mean Kinds?); the PEs: Numbers (Numbers), Kinds (Kinds)\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("target, status", [("sequential", 3), ("mpi", 0)])
def test_a_compiled_program_takes_policies_and_ends_with_3_but_for_under_mpiexec(tmp_path, target, status):
    bundle = d4p_compile.compile(f"{POLICIES}:kinds", target, output=tmp_path / "bundle")
    command = d4p_compile.targets.target(target).command(bundle.script)
    how = {"capture_output": True, "text": True, "env": os.environ | ANYWHERE}
    done = subprocess.run([*command, "--on-error=Kinds=fail"], timeout=100, **how)
    assert done.returncode == 1 and "Kinds (Kinds), instance " in done.stderr
    done = subprocess.run(command, timeout=100, **how)
    assert done.returncode == status and "done, 100 items skipped" in done.stderr


def test_the_output_says_how_many_items_it_lacks_and_so_does_resume(tmp_path):
    out = tmp_path / "out"
    assert d4p("run", "kinds", "--output", out).returncode == 3
    assert json.loads((out / "_SUCCESS").read_text())["missing"] == 100
    again = d4p("run", "kinds", "--output", out, "--resume")
    assert again.returncode == 3 and "nothing was run" in again.stdout
    assert again.stderr == "done, 100 items skipped or set aside\n"
    other = d4p("run", "kinds", "--output", out, "--resume", "--on-error", "Kinds=skip:150")
    assert other.returncode == 2 and "was made from another plan" in other.stderr


def test_what_was_set_aside_is_replayed(tmp_path, capsys):
    failed, more = tmp_path / "failed", tmp_path / "more"
    done = d4p("run", "square", "-p", "bad=50", "--on-error", f"Square=dead-letter:{failed}")
    assert done.returncode == 3 and done.stderr == "done, 4 items set aside\n"
    line = [sys.executable, "-m", "d4p_compile", "replay", failed, f"{POLICIES}:square", "-p", "bad=0"]
    again = subprocess.run([*line, "--output", more, "-q"], capture_output=True, text=True, timeout=100)
    assert (again.returncode, again.stderr) == (0, "")
    peek(str(failed))
    shown = capsys.readouterr().out
    assert "ArithmeticError: 0" in shown and "Samples.output" in shown and "sha256" not in shown
    (part,) = more.glob("Square0.output/part-*")
    assert sorted(map(int, part.read_text().split())) == [0, 2500, 10000, 22500]
    fails = subprocess.run([*line[:-1], "bad=50"], capture_output=True, text=True, timeout=100)
    assert fails.returncode == 1 and "Square (Square), instance 0, item 1: ArithmeticError: 0" in fails.stderr
