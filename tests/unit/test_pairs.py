"""Which instance makes which pairs, and in which tiles."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import d4p_compile
from d4p import AllPairs, Batch
from d4p.direct import process_and_return
from d4p.graph import WorkflowGraph
from d4p.pairs.grid import grid, rectangle, tiles, triangle
from d4p.pairs.tiles import Lot, across, between, within
from d4p.threads import told

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "pairs.py"
COUNTS = [*range(1, 40), 55, 64, 66, 100, 136, 256]


@pytest.mark.parametrize("instances", COUNTS)
def test_every_tile_is_one_instance_s(instances):
    found = triangle(instances)
    blocks = found.blocks[""]
    made = Counter(tile for share in found.tiles for tile in share)
    assert made == Counter(itertools.combinations_with_replacement(range(blocks), 2))
    assert len(found.tiles) == instances and all(found.tiles)
    found = rectangle(instances)
    made = Counter(tile for share in found.tiles for tile in share)
    assert made == Counter(itertools.product(range(found.blocks["left"]), range(found.blocks["right"])))
    assert len(found.tiles) == instances and all(found.tiles)


@pytest.mark.parametrize("instances", COUNTS)
def test_an_instance_gets_the_blocks_of_its_tiles(instances):
    for side in ("", "left", "right"):
        found = grid(side, instances)
        reached = found.instances(side)
        for instance, share in enumerate(found.tiles):
            needed = {block for row, column in share
                      for block in {"": (row, column), "left": (row,), "right": (column,)}[side]}
            assert needed == {block for block, instances in enumerate(reached) if instance in instances}


@pytest.mark.parametrize("instances", COUNTS)
def test_an_item_goes_to_few_instances_and_work_is_even(instances):
    found = triangle(instances)
    moved = sum(map(len, found.instances(""))) / found.blocks[""]
    assert moved <= 2 * instances**0.5
    loads = [sum(0.5 if row == column else 1 for row, column in share) for share in found.tiles]
    assert max(loads) * instances / sum(loads) <= 1.15


def test_tiles_for_cores():
    assert [tiles(cores) for cores in (1, 2, 8, 16, 64)] == [36, 36, 36, 66, 276]
    assert all(len(share) == 1 for share in triangle(tiles(2)).tiles)


numbers = st.lists(st.integers(0, 60), unique=True, max_size=24).map(sorted)


class _Wide:
    """An item of which few make a tile."""

    nbytes = 1 << 19

    def __init__(self, number):
        self.number = number


def lot(found):
    return Lot([(number,) for number in found], [_Wide(number) for number in found])


def made(pairs):
    return Counter((a.number, b.number) for tile in pairs for a, b in tile)


@given(numbers, st.booleans(), st.booleans())
def test_the_pairs_of_one_lot(found, ordered, itself):
    loops = {
        (False, False): lambda: itertools.combinations(found, 2),
        (False, True): lambda: itertools.combinations_with_replacement(found, 2),
        (True, False): lambda: itertools.permutations(found, 2),
        (True, True): lambda: itertools.product(found, repeat=2),
    }
    assert made(within(lot(found), ordered, itself)) == Counter(loops[ordered, itself]())


@given(numbers, st.data(), st.booleans())
def test_the_pairs_of_two_lots(found, data, ordered):
    left = sorted(data.draw(st.sets(st.sampled_from(found)))) if found else []
    right = [number for number in found if number not in left]
    both = [(a, b) if a < b or ordered else (b, a) for a, b in itertools.product(left, right)]
    both += [(b, a) for a, b in itertools.product(left, right)] if ordered else []
    assert made(across(lot(left), lot(right), ordered)) == Counter(both)
    assert made(between(lot(left), lot(right))) == Counter(itertools.product(left, right))


def test_a_tile_is_its_pairs():
    items = Lot([(n,) for n in range(5)], [np.full(300_000, n, dtype=np.float32) for n in range(5)])
    pairs = list(within(items, False, False))
    assert len(pairs) > 1
    found = [(int(a[0]), int(b[0])) for made in pairs for a, b in made.tile]
    assert sorted(found) == list(itertools.combinations(range(5), 2))
    tile = pairs[0].tile
    assert [(int(a[0]), int(b[0])) for a, b in map(tile.__getitem__, range(len(tile)))] == found[: len(tile)]
    with pytest.raises(IndexError):
        tile[len(tile)]


def test_direct_runs_pair_in_the_order_of_arrival():
    graph, pairs = WorkflowGraph(), AllPairs(order_by=0, itself=True)
    graph.add(pairs)
    found = process_and_return(graph, {pairs: [{"input": (n,)} for n in (2, 0, 1)]})
    assert found[pairs.id]["output"] == [((a,), (b,)) for a, b in itertools.combinations_with_replacement(range(3), 2)]


def test_groups_are_paired_in_the_same_order_whoever_came_first():
    found = []
    for numbers in (range(12), reversed(range(12))):
        graph, pairs = WorkflowGraph(), AllPairs(order_by="n", within="group")
        graph.add(pairs)
        items = [{"input": {"n": n, "group": f"g{n % 3}"}} for n in numbers]
        found.append(process_and_return(graph, {pairs: items})[pairs.id]["output"])
    assert found[0] == found[1] and len(found[0]) == 3 * 6


@pytest.mark.parametrize(("said", "threads"), [("4", 4), ("4,2", 4), ("", 1), ("many", 1)])
def test_what_a_variable_says_of_threads(said, threads):
    assert told(said) == threads


class Point(NamedTuple):
    name: str
    at: np.ndarray


def test_a_batch_is_its_items():
    points = [Point(f"p{n}", np.arange(3) + n) for n in range(4)]
    batch = Batch.stack(points)
    assert batch.columns.at.shape == (4, 3) and not batch.columns.at.flags.writeable
    assert batch.columns.name == ["p0", "p1", "p2", "p3"]
    assert isinstance(batch[2], Point) and batch[2].name == "p2" and batch[2].at.tolist() == [2, 3, 4]
    assert [point.name for point in batch[1:3]] == ["p1", "p2"]


@pytest.mark.parametrize("items", [
    [1, 2], ["a", 2], [{"a": 1}, {"a": 2}], [{"a": 1}, {"b": 2}], [(1, 2), (1,)], [(), ()], [[1], [2]],
])  # fmt: skip
def test_a_batch_of_any_items(items):
    assert list(Batch.stack(items)) == items


def test_arrays_of_different_shapes_stay_apart():
    batch = Batch.stack([np.zeros(2), np.zeros(3)])
    assert [item.shape for item in batch] == [(2,), (3,)]


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="must have one length"):
        Batch(([1, 2], [1]))


@pytest.mark.parametrize(("graph", "kept"), [
    ("singly", True), ("several", True), ("as_they_come", False), ("unsteady", False), ("two_streams", False),
])  # fmt: skip
def test_tiles_are_kept_of_items_that_are_the_same_in_every_run(graph, kept):
    parameters = {"folder": "."} if graph == "unsteady" else {}
    source = d4p_compile.load(f"{WORKFLOWS}:{graph}", parameters=parameters)
    plan = d4p_compile.plan(source, "processes")
    assert plan.stages[-1].repeatable is kept
    assert not any(stage.repeatable for stage in plan.stages[:-1])
