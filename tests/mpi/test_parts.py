"""What the engine mpi is made of, without MPI."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import d4p_compile
from d4p.engines.declared import Stages
from d4p.engines.mpi.credit import CHANNEL, LEAST, Lane, Owed, window
from d4p.engines.mpi.instance import SLICE, Slices
from d4p.engines.mpi.layout import Layout
from d4p.engines.mpi.message import MOST, Kind, Message, pack_head, unpack_head
from d4p.host.threads import cores
from d4p_compile.targets import mpi_here
from d4p_compile.targets.mpi_here import of_stages

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "mpi.py"


def layout(counts: list[int], size: int) -> Layout:
    stages = Stages()
    for count in counts:
        stages.declare(None, count)
    return Layout(stages, size)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(1, 40))
def test_instances_are_spread_evenly_and_each_has_a_rank(counts, size):
    made = layout(counts, size)
    held = [[placement.number for placement in made.on(rank)] for rank in range(size)]
    assert sorted(sum(held, [])) == list(range(sum(counts)))
    assert max(map(len, held)) - min(map(len, held)) <= 1
    for stage in made.stages:  # of each stage by itself, too
        of_stage = [sum(placement.stage is stage for placement in made.on(rank)) for rank in range(size)]
        assert max(of_stage) - min(of_stage) <= 1


def test_ranks_that_have_nothing_to_do_are_told_in_one_line():
    assert layout([1, 3, 2], 6).note() is None and layout([1, 3, 2], 2).note() is None
    assert layout([1, 3, 2], 7).note() == "the 6 instances have a rank each, and 1 of the 7 ranks has none"
    assert layout([1], 4).note() == "the one instance has a rank each, and 3 of the 4 ranks have none"


@given(st.integers(1, 1 << 20), st.lists(st.integers(1, 1 << 19), min_size=1, max_size=200))
def test_credit_comes_back_before_a_producer_waits_for_ever(size, parcels):
    lane, owed, queue, largest = Lane(size), Owed(size), [], max(parcels)
    for nbytes in parcels:
        while not lane.room:
            assert queue, "the producer waits and there is nothing to take: for ever"
            lane.taken(owed.took(*queue.pop(0)))
        queue.append((nbytes, lane.leaves(nbytes)))
        assert lane.out <= size / 2 + largest


def test_a_channel_is_bounded_over_all_its_pairs(monkeypatch):
    assert window(1, 1) == CHANNEL and 4 * window(2, 2) == CHANNEL and window(1000, 1000) == LEAST
    monkeypatch.setenv("D4P_MPI_CREDIT", "1000")
    assert window(2, 5) == 100 and window(1000, 1000) == 1


@pytest.mark.parametrize("body", [0, 10, MOST, 100_000])
@pytest.mark.parametrize("buffers", [0, 1, 100])
@pytest.mark.parametrize("joined", [False, True])
def test_a_head_tells_what_follows(body, buffers, joined):
    views = tuple(memoryview(bytearray(9000 + i)) for i in range(buffers))
    sent = Message(Kind.ITEMS, 3, 70_000, 9, 1 << 40, 1, b"b" * body, views)
    head = pack_head(sent, joined)
    assert len(head) <= MOST
    message, left, sizes, was_joined = unpack_head(memoryview(head + b"rest of the room"), 5)
    assert (message.kind, message.channel, message.source, message.dest, message.amount, message.flag, message.rank) \
        == (Kind.ITEMS, 3, 70_000, 9, 1 << 40, 1, 5)
    assert message.body == sent.body[: body - left] and left in (0, body) and was_joined == joined
    whole = [sum(view.nbytes for view in views)] if joined else [view.nbytes for view in views]
    assert sizes == whole


def test_roots_are_taken_a_little_at_a_time():
    slices, items, most = Slices(range(10_000)), [], 0
    while slices.left:
        taken = list(slices.next())
        items += taken
        most = max(most, len(taken))
    assert items == list(range(10_000)) and most > 100
    slow = Slices(range(50))
    while slow.left:
        taken = [time.sleep(2 * SLICE) for _ in slow.next()]
        assert len(taken) <= 2


@pytest.mark.parametrize(("instances", "width", "expected"), [([1, 3, 2], 2, 2), ([1, "width"], 4, 4), ([1], 4, 1)])
def test_as_many_ranks_as_cores_and_no_more_than_instances(instances, width, expected):
    assert of_stages(instances, width) == expected


@pytest.mark.parametrize(("width", "expected"), [(1, 1), (4, 4), (None, min(4, cores()))])
def test_as_many_ranks_as_the_run_is_wide(tmp_path, width, expected):
    """Also where nobody has that many instances: MPI starts what is asked for."""
    bundle = d4p_compile.compile(f"{WORKFLOWS}:results", "mpi", width, output=tmp_path / "bundle")
    assert mpi_here.ranks(bundle.script) == expected
