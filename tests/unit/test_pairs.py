"""Which instance makes which pairs, and in which tiles."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import d4p_compile
from d4p import AllPairs, Batch
from d4p.compat.direct import process_and_return
from d4p.errors import RunFailed
from d4p.graph.workflow_graph import WorkflowGraph
from d4p.host.threads import threads_of
from d4p.pairs.grid import grid, rectangle, tiles, triangle
from d4p.pairs.order import in_order, key_of
from d4p.pairs.sent import Sent
from d4p.pairs.tile import Tile
from d4p.pairs.tiles import Lot, Pairs, _nbytes, across, between, within

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


#: By instances: the blocks of one stream, and of two on their sides.
BLOCKS = {1: (1, 1, 1), 2: (2, 1, 2), 3: (3, 1, 3), 5: (5, 4, 4), 6: (6, 2, 3), 7: (7, 5, 5), 8: (4, 2, 4),
          10: (8, 2, 5), 12: (9, 3, 4), 13: (5, 8, 8), 14: (8, 7, 7), 15: (10, 3, 5), 16: (8, 4, 4), 21: (9, 3, 7),
          22: (9, 8, 8), 28: (16, 4, 7), 29: (13, 12, 12), 30: (13, 5, 6), 33: (8, 8, 8), 35: (8, 5, 7), 36: (8, 6, 6),
          37: (12, 12, 12),
          66: (11, 6, 11), 136: (16, 8, 17)}  # fmt: skip


@pytest.mark.parametrize("instances", BLOCKS)
def test_how_many_blocks(instances):
    sides = rectangle(instances).blocks
    assert (triangle(instances).blocks[""], sides["left"], sides["right"]) == BLOCKS[instances]


@pytest.mark.parametrize("instances", [36, 45, 55, 66, 136])
def test_one_tile_each_the_halves_last(instances):
    found = triangle(instances)
    assert all(len(share) == 1 for share in found.tiles)
    halves = [row == column for ((row, column),) in found.tiles]
    assert halves == sorted(halves) and sum(halves) == found.blocks[""]


def test_tiles_for_cores():
    assert [tiles(cores) for cores in (1, 2, 8, 9, 10, 16, 64)] == [36, 36, 36, 36, 45, 66, 276]
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


def tile(starts, stops):
    left, right = ([(f"{side}{n}",) for n in range(count)] for side, count in (("l", len(starts)), ("r", 5)))
    return Tile(Batch.stack(left), Batch.stack(right), starts, stops)


def test_rows_of_a_tile_that_have_no_pairs():
    made = tile([0, 2, 4, 5, 3], [2, 2, 5, 3, 5])
    assert list(made.rows()) == [(0, slice(0, 2)), (2, slice(4, 5)), (4, slice(3, 5))]
    pairs = [("l0", "r0"), ("l0", "r1"), ("l2", "r4"), ("l4", "r3"), ("l4", "r4")]
    assert [(a[0], b[0]) for a, b in made] == pairs and len(made) == 5
    for at in range(-5, 5):
        assert tuple(part[0] for part in made[at]) == pairs[at]
    for at in (5, -6):
        with pytest.raises(IndexError):
            made[at]
    assert repr(made) == "<Tile of 5 pairs: 5 items with 5>"
    with pytest.raises(ValueError):
        tile([0], [1, 2])


@pytest.mark.parametrize("pairs", range(1, 12))
def test_blocks_of_a_tile_are_full_but_for_the_last(pairs):
    made = tile([0, 2, 4, 5, 3], [2, 2, 5, 3, 5])
    found = list(made.blocks(pairs))
    sizes = [sum(others.stop - others.start for _, others in block) for block in found]
    assert sizes == [pairs] * (5 // pairs) + [5 % pairs] * (5 % pairs > 0)
    assert all(others.start < others.stop for block in found for _, others in block)
    each = [(i, j) for block in found for i, others in block for j in range(others.start, others.stop)]
    assert each == [(i, j) for i, others in made.rows() for j in range(others.start, others.stop)]


@pytest.mark.parametrize("nbytes, count, sizes", [
    (1 << 10, 300, [152, 148]), (1 << 10, 256, [256]), (1 << 10, 257, [136, 121]), (5 << 19, 3, [1, 1, 1]),
    (5 << 18, 5, [2, 2, 1]), (1 << 30, 2, [1, 1]), (5 << 14, 33, [24, 9]), (5 << 16, 9, [5, 4]), (5 << 16, 8, [8]),
    (1 << 10, 7, [7]), (1 << 10, 0, []), (0, 300, [152, 148]),
])  # fmt: skip
def test_lots_are_cut_into_pieces_of_which_two_fit_a_cache(nbytes, count, sizes):
    items = [(SimpleNamespace(nbytes=nbytes),) for _ in range(count)]
    pieces = Lot([(n,) for n in range(count)], items).pieces
    assert [len(piece) for piece in pieces] == sizes
    assert [key for piece in pieces for key in piece.keys] == [(n,) for n in range(count)]
    assert [item for piece in pieces for item in piece.items] == items


def test_about_how_many_bytes_an_item_has():
    array = np.zeros(100)
    assert _nbytes(array) == 800 and _nbytes((array, array)) == 1600 and _nbytes({"a": array, "b": 1}) == 864
    assert _nbytes(1) == 64 and _nbytes([array]) == 64


def test_pairs_that_are_none():
    lot = Lot([(0,), (1,)], ["a", "b"])
    assert not Pairs(lot, lot, [1, 2], [1, 2]) and not Pairs(lot, lot, [2, 2], [1, 2])
    assert Pairs(lot, lot, [1, 1], [1, 2]) and list(Pairs(lot, lot, [1, 1], [1, 2])) == [("b", "b")]
    assert list(within(Lot([(0,)], ["a"]), False, False)) == [] == list(across(lot, Lot([], []), True))


def sent(*values):
    """Items that came in the order of their places: (channel, producer's instance, number there)."""
    places = [(1, 0, 0), (1, 0, 1), (1, 1, 0), (2, 0, 0), (2, 0, 7), (2, 0, 11)]
    return [Sent(0, place, value) for place, value in zip(places, values, strict=False)]


def test_items_of_equal_order_are_in_that_of_their_place():
    came = sent((1, "a"), (0, "b"), (1, "c"), (0, "d"), (1, "e"), (0, "f"))
    for arrived in itertools.permutations(came):
        made, items = in_order(arrived, key_of((0,)), (0,))
        assert [item for _, item in items] == ["b", "d", "f", "a", "c", "e"]
        assert made == [(value, came["abcdef".index(name)].place) for value, name in items]
        assert [item for _, item in in_order(arrived, key_of(()), ())[1]] == list("abcdef")
    made, _ = in_order(came[:2], key_of((1, 0)), (1, 0))
    assert made == [("a", 1, (1, 0, 0)), ("b", 0, (1, 0, 1))]


@pytest.mark.parametrize("values, says", [
    ((1, "a"), r"order_by \[0\] needs fields that can be compared with one another, as numbers or texts can: '<' not"),
    ((np.zeros(2), np.zeros(2)), r"order_by \[0\] needs fields that can be compared with one another, .*ambiguous"),
    ((1.0, float("nan")), r"order_by \[0\] needs fields that have an order, got NaN: \(nan, 0\)$"),
    (((1, [float("nan")]), (1, [2])), r"needs fields that have an order, got NaN: "),
    (({1}, {2}), r"needs fields that have an order, got set: \(\{1\}, 0\)$"),
    ((frozenset(), frozenset()), "got frozenset: "), (((1, {}), (1, {})), "got dict: "),
])  # fmt: skip
def test_what_has_no_order(values, says):
    with pytest.raises(RunFailed, match=says):
        in_order(sent(*((value, 0) for value in values)), key_of((0,)), (0,))


def test_an_item_without_the_field_is_shown():
    with pytest.raises(RunFailed, match=r"^order_by \['id'\] needs items with that field, .* \{'x': 1\}\. It has the"):
        key_of(("id",))(*sent({"x": 1}))


def test_direct_runs_pair_items_of_equal_order_as_they_came():
    graph, pairs = WorkflowGraph(), AllPairs(order_by=0)
    graph.add(pairs)
    items = [(1, "a"), (0, "b"), (1, "c"), (0, "d")]
    found = process_and_return(graph, {pairs: [{"input": item} for item in items]})[pairs.id]["output"]
    assert [(a[1], b[1]) for a, b in found] == list(itertools.combinations("bdac", 2))


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
    assert threads_of(said) == threads


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
