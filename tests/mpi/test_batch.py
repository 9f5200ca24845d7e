"""The scripts for batch systems: filled in, and run as the system would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import Refused
from d4p_compile.targets.mpi_here import NO_NETWORK

from .starting import ANYWHERE, mpiexec

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "mpi.py"


@pytest.fixture
def bundle(tmp_path):
    return d4p_compile.compile(f"{WORKFLOWS}:results", "mpi", output=tmp_path / "bundle").folder


def test_they_ask_for_a_rank_an_instance(bundle, tmp_path):
    slurm, pbs = (bundle / "job.slurm").read_text(), (bundle / "job.pbs").read_text()
    assert "#SBATCH --ntasks=4\n" in slurm and "#SBATCH --job-name=mpi\n" in slurm
    assert "#PBS -l select=4:ncpus=1:mpiprocs=1\n" in pbs and "{{" not in slurm + pbs and "{#" not in slurm + pbs
    assert "template" not in slurm + pbs and "braces" not in slurm + pbs
    wide = d4p_compile.compile(f"{WORKFLOWS.with_name('semantics.py')}:fan_out", "mpi", output=tmp_path / "wide").folder
    assert "of some stages as many as there are ranks" in (wide / "job.slurm").read_text()


@pytest.mark.parametrize("script", ["job.slurm", "job.pbs"])
def test_as_the_batch_system_runs_them(script, bundle, tmp_path):
    """A copy, elsewhere, with what the system sets; mpiexec is on PATH as after `module load`."""
    copy = tmp_path / "spool"
    copy.mkdir()
    shutil.copy(bundle / script, copy / "script")
    (copy / "bin").mkdir()
    (copy / "bin" / "mpiexec").symlink_to(mpiexec(1)[0])
    (copy / "nodes").write_text("localhost slots=4\n" if script == "job.slurm" else "localhost\n" * 2)
    given = {name: value for name, value in os.environ.items() if name not in NO_NETWORK}  # as on a cluster
    environment = {**given, **ANYWHERE, "PATH": f"{copy / 'bin'}:{os.environ['PATH']}",
                   "PYTHON": __import__("sys").executable, "SLURM_SUBMIT_DIR": str(bundle), "SLURM_NTASKS": "2",
                   "PBS_O_WORKDIR": str(bundle), "PBS_NODEFILE": str(copy / "nodes"), "OPTIONS": "--limit 1"}
    options = ["--limit", "1"] if script == "job.slurm" else []
    done = subprocess.run(["sh", copy / "script", *options], cwd=copy, capture_output=True, text=True, timeout=60,
                          env=environment)
    assert done.returncode == 0 and "Apart1.output: 1 item\n" in done.stdout, done.stderr
    environment |= {"SLURM_SUBMIT_DIR": str(tmp_path), "PBS_O_WORKDIR": str(tmp_path)}
    done = subprocess.run(["sh", copy / "script"], cwd=copy, capture_output=True, text=True, env=environment,
                          timeout=120)
    assert done.returncode == 2 and "submit from the folder of the bundle" in done.stderr


@pytest.mark.parametrize("script", ["job.slurm", "job.pbs"])
def test_tasks_of_an_array_have_options_and_outputs_of_their_own(script, bundle, tmp_path):
    """Line N of a file for task N, after what holds for all; the program's place is taken by one that shows them."""
    (tmp_path / "mpiexec").write_text('#!/bin/sh\nfor word; do echo "[$word]"; done\n')
    (tmp_path / "mpiexec").chmod(0o755)
    (tmp_path / "nodes").write_text("localhost\n")
    (bundle / "tasks").write_text("""-d '{"read": [{"input": "a b.txt"}]}'\n-i 3 --output=elsewhere\n""")
    given = ["-i", "1", "--output", "all of it"]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_SUBMIT_DIR": str(bundle), "SLURM_NTASKS": "1",
                   "PBS_O_WORKDIR": str(bundle), "PBS_NODEFILE": str(tmp_path / "nodes"),
                   "OPTIONS": "-i 1 --output 'all of it'"}

    def task(number: int, **more: str) -> tuple[list[str], int, str]:
        done = subprocess.run(["sh", script, *(given if script == "job.slurm" else [])], cwd=bundle, text=True,
                              capture_output=True, timeout=20, env={**environ(number), **more})
        words = re.findall(r"^\[(.*)\]$", done.stdout, re.M)
        return words[words.index(f"{bundle}/job.py") + 1 :] if words else [], done.returncode, done.stderr

    def environ(number: int) -> dict[str, str]:
        return {**environment, "SLURM_ARRAY_TASK_ID" if script == "job.slurm" else "PBS_ARRAY_INDEX": str(number)}

    assert task(1, TASKS="tasks")[0] == [*given, "--output", "all of it/1", "-d", '{"read": [{"input": "a b.txt"}]}']
    assert task(2, TASKS="tasks")[0] == [*given, "--output", "all of it/2", "-i", "3", "--output=elsewhere"]
    assert task(3)[0] == [*given, "--output", "all of it/3"]
    assert task(3, TASKS="tasks") == ([], 2, "task 3 has no line in tasks\n")


def test_an_administrators_own(tmp_path, monkeypatch):
    (tmp_path / "job.slurm").write_text("#SBATCH -n {{ ranks }} -A project\n")
    monkeypatch.setenv("D4P_CONF_DIR", str(tmp_path))
    bundle = d4p_compile.compile(f"{WORKFLOWS}:results", "mpi", output=tmp_path / "bundle")
    assert (bundle.folder / "job.slurm").read_text() == "#SBATCH -n 4 -A project\n"
    (tmp_path / "job.slurm").write_text("{{ queue }}")
    with pytest.raises(Refused, match="job.slurm has {{ queue }}, which means nothing: there are {{ name }}, "):
        d4p_compile.compile(f"{WORKFLOWS}:results", "mpi", output=tmp_path / "other")
