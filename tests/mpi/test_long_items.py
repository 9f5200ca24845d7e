"""A rank that is at work on a long item keeps no other instance from its own, be it of the same rank or of another."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import RunFailed
from d4p_compile.targets import mpi_here

from ..chaos.programs import until
from .starting import mpiexec, session, started, world

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "sweeps.py"
ENDS = WORKFLOWS.with_name("mpi.py")
SAYS = "Ends (Ends), instance 1, item 1000: ValueError: no such number: 1999\n  the item: 1999\nTraceback (the PE's "


KNOWN = functools.reduce(lambda before, i: (before * 1_000_003 + i) % (1 << 61), range(400), 0)


@pytest.mark.parametrize(("held", "until"), [(0, 51), (1, 50)])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_the_source_goes_on_dealing_and_others_walking(ranks, held, until, tmp_path):
    """Whichever rank the held walk shares with the source, the sum or another walk."""
    with world(ranks):
        ((known, _),) = next(iter(d4p_compile.run(
            f"{WORKFLOWS}:make", "mpi", parameters={"folder": str(tmp_path), "held": held, "until": until}).values()))
    assert known == KNOWN


@pytest.mark.parametrize(("held", "size"), [(1200, 1), (3, 4 << 20)], ids=["held in a batch", "large and on its way"])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_what_was_written_before_arrives_meanwhile(ranks, held, size, tmp_path):
    """Also where it has its rank for itself."""
    with world(ranks):
        found = d4p_compile.run(f"{WORKFLOWS}:late", "mpi", fuse=False, parameters={
            "folder": str(tmp_path), "count": held + 5, "held": held, "size": size})
    assert [list(items) for items in found.values()] == [[held + 5]]


@pytest.mark.parametrize("ranks", [1, 2])
def test_what_fails_beside_others_at_work_is_said_as_ever(ranks):
    """Though another instance of its rank, or rank 0's loop, is busy for a minute."""
    begun = time.monotonic()
    with world(ranks), pytest.raises(RunFailed) as failed:
        d4p_compile.run(f"{ENDS}:ends", "mpi", parameters={"how": "raise", "busy": 60.0})
    assert str(failed.value).startswith(SAYS) and f'File "{ENDS}", line ' in str(failed.value)
    assert time.monotonic() - begun < 40


def test_a_rank_that_is_killed_is_named_with_all_that_it_was_at():
    with world(2), pytest.raises(RunFailed) as lost:
        d4p_compile.run(f"{ENDS}:ends", "mpi", parameters={"how": "kill", "busy": 0.0})
    said = str(lost.value)
    assert "rank 0 " in said and "stage 1 (Endless), instance 0, at item 1 of Endless" in said
    assert "stage 2 (Ends), instance 1, at item 1000 of Ends" in said


def test_interrupted_while_several_instances_of_a_rank_are_at_work(tmp_path):
    run = [sys.executable, "-m", "d4p_compile", "run", f"{ENDS}:ends", "-t", "mpi", "-p", "how=wait"]
    with started(*run, cwd=tmp_path, env={mpi_here.VARIABLE: " ".join(mpiexec(1))}) as program:
        while program.stdout.readline() not in ("now: wait\n", ""):
            pass
        os.killpg(program.pid, signal.SIGINT)
        program.communicate(timeout=30)
        assert program.returncode == 130
        until(lambda: session(program.pid) == [], 2)
        assert list(tmp_path.iterdir()) == []
