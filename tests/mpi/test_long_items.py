"""A rank that is at work on a long item keeps no other instance from its own, be it of the same rank or of another."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

import d4p_compile

from .starting import world

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "sweeps.py"


@pytest.mark.parametrize(("held", "until"), [(0, 51), (1, 50)])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_the_source_goes_on_dealing_and_others_walking(ranks, held, until, tmp_path):
    """Whichever rank the held walk shares with the source, the sum or another walk."""
    with world(ranks):
        ((known, _),) = next(iter(d4p_compile.run(
            f"{WORKFLOWS}:make", "mpi", parameters={"folder": str(tmp_path), "held": held, "until": until}).values()))
    assert known == functools.reduce(lambda before, i: (before * 1_000_003 + i) % (1 << 61), range(400), 0)


@pytest.mark.parametrize(("held", "size"), [(1200, 1), (3, 4 << 20)], ids=["held in a batch", "large and on its way"])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_what_was_written_before_arrives_meanwhile(ranks, held, size, tmp_path):
    """Also where it has its rank for itself."""
    with world(ranks):
        found = d4p_compile.run(f"{WORKFLOWS}:late", "mpi", fuse=False, parameters={
            "folder": str(tmp_path), "count": held + 5, "held": held, "size": size})
    assert [list(items) for items in found.values()] == [[held + 5]]
