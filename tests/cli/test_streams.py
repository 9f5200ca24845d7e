"""What a run says of itself reaches the terminal, whatever PEs put in the place of sys.stdout and sys.stderr."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOW = Path(__file__).parents[1] / "workflows" / "streams.py"


@pytest.mark.parametrize(("target", "how"), [
    ("sequential", "nothing"), ("sequential", "elsewhere"), ("sequential", "no stream"), ("processes", "nothing"),
    ("processes", "no stream"), ("mpi", "nothing"), ("mpi", "no stream")])  # fmt: skip
def test_the_results_are_shown_and_nothing_else(target, how):
    command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOW}:make", "-p", f"how={how}", "--target", target,
               "-n", "2", "--no-record", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    said = done.stdout.split()
    assert said[:3] == ["Silences1.output:", "4", "items"] and sorted(said[3:]) == ["0", "1", "2", "3"]
