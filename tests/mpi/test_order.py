"""The order of the sequential run, with several instances a rank and channels of a byte; and all ranks at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import d4p_compile

from ..equivalence.test_order import lists, sequential
from .starting import ANYWHERE, mpiexec, world
from .test_long_items import KNOWN, WORKFLOWS


@pytest.mark.parametrize("credit", ["1", "3000"])
@pytest.mark.parametrize(("ranks", "seed"), [(1, 2), (2, 3), (2, 5), (3, 6)])
def test_random_graphs_on_few_ranks(ranks, seed, credit):
    """Whatever waits for credit on whichever rank, the run goes on."""
    with world(ranks, D4P_MPI_CREDIT=credit):
        assert lists("mpi", seed) == sequential(seed)


def test_all_ranks_that_mpiexec_starts_are_at_work(tmp_path):
    """A source, as many walks as there are ranks, and a sum that gets them in order."""
    made = d4p_compile.compile(f"{WORKFLOWS}:wide", "mpi", output=tmp_path / "bundle")
    for ranks in 1, 4:
        done = subprocess.run([*mpiexec(ranks), sys.executable, made.script, "--output", f"out{ranks}"], cwd=tmp_path,
                              capture_output=True, text=True, timeout=100, env={**os.environ, **ANYWHERE})
        assert done.returncode == 0, done.stderr
        (part,) = Path(tmp_path, f"out{ranks}").rglob("part-*")
        known, walked = json.loads(part.read_text())
        assert known == KNOWN and sum(walked) == 400 and len(walked) == ranks
