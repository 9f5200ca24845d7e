"""Cycles in worlds of any size, with little credit: all that leads back waits behind its lane, and nobody for it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.targets import answers

from .starting import world

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "cycles.py"


@pytest.mark.parametrize(("graph", "parameters", "ranks", "credit"), [
    ("components", {"count": 4}, 1, "1"), ("components", {"count": 4}, 7, "1"),
    ("flood", {"items": 3, "many": 1500}, 2, "1"), ("flood", {"items": 3, "many": 1500}, 3, "300000"),
    ("postprocess_goes_round", {"count": 2}, 3, "1")])  # fmt: skip
def test_the_same_answer_on_any_number_of_ranks(graph, parameters, ranks, credit):
    with world(ranks, D4P_MPI_CREDIT=credit):
        found = answers(f"{WORKFLOWS}:{graph}", "mpi", parameters=parameters, fuse=False)
    expected = answers(f"{WORKFLOWS}:{graph}", "sequential", parameters=parameters, fuse=False)
    assert comparable(found) == comparable(expected)


def comparable(found):
    """Without what a run took of memory; of lists of what several producers wrote, in any order."""
    return {key: Counter(json.dumps(in_any_order(json.loads(item))) for item in items.elements())
            for key, items in found.items() if key[1] != "grown"}


def in_any_order(item):
    return sorted(map(in_any_order, item), key=json.dumps) if isinstance(item, list) else item
