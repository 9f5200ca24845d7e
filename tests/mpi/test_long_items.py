"""A rank that is at work on a long item keeps no other instance from its own, be it of the same rank or of another."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

import d4p_compile

from .starting import world

WORKFLOW = f"{Path(__file__).parents[1] / 'workflows' / 'sweeps.py'}:make"


@pytest.mark.parametrize(("held", "until"), [(0, 51), (1, 50)])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_the_source_goes_on_dealing_and_others_walking(ranks, held, until, tmp_path):
    """Whichever rank the held walk shares with the source, the sum or another walk."""
    with world(ranks):
        ((known, _),) = next(iter(d4p_compile.run(
            WORKFLOW, "mpi", parameters={"folder": str(tmp_path), "held": held, "until": until}).values()))
    assert known == functools.reduce(lambda before, i: (before * 1_000_003 + i) % (1 << 61), range(400), 0)
