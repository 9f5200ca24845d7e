"""Who decides how many threads there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

WORKFLOW = '''
import os
from d4p import ProducerPE, WorkflowGraph
from d4p.host.threads import threads

class Told(ProducerPE):
    def _process(self, inputs):
        return f"{os.environ.get('OMP_NUM_THREADS')} {threads()}"

graph = WorkflowGraph()
graph.add(Told())
'''


@pytest.mark.parametrize(("target", "told"), [("sequential", "None"), ("processes", "1"), ("mpi", "1")])
def test_instances_with_a_core_each_start_no_threads_of_their_own(tmp_path: Path, target, told, monkeypatch):
    from d4p.host.threads import cores

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    (tmp_path / "told.py").write_text(WORKFLOW)
    command = [sys.executable, "-m", "d4p_compile", "run", "told.py", "--target", target]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120).stdout
    assert f"{told} {cores() if target == 'sequential' else 1}" in out


def test_what_the_user_has_set_holds(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    (tmp_path / "told.py").write_text(WORKFLOW)
    command = [sys.executable, "-m", "d4p_compile", "run", "told.py", "--target", "processes"]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120).stdout
    assert "7 1" in out
