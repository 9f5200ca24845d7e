"""Whom a run is dealt to, and how long it is: by what each consumer has done, by a clock that is given."""

from __future__ import annotations

import heapq

import pytest

from d4p.places.marks import Marks
from d4p.stage.dealing import Shares, dealing, in_turn
from d4p.stage.outlet import Lanes


def played(lanes: int, costs: list[float], speeds: list[float] | None = None) -> tuple[list[float], list[int]]:
    """When each lane is done where items of such costs, in seconds, are dealt by `Shares`; and the lane of each item.
    The dealer takes no time."""
    shares, now = Shares(lanes), 0.0
    speeds = speeds or [1.0] * lanes
    dealt, done, worked, ends = [0] * lanes, [0] * lanes, [0] * lanes, [0.0] * lanes
    finishing: list[tuple[float, int, float]] = []
    lane_of: list[int] = []
    first = 0
    while len(lane_of) < len(costs):
        while (chosen := shares.choose(first, dealt, done, worked, round(now * 1e9))) is None or \
                finishing and finishing[0][0] <= now:
            now, lane, cost = heapq.heappop(finishing)
            done[lane] += 1
            worked[lane] += round(cost * 1e9)
        lane, most = chosen
        assert most >= 1
        for cost in costs[len(lane_of) : len(lane_of) + most]:
            ends[lane] = max(ends[lane], now) + cost / speeds[lane]
            heapq.heappush(finishing, (ends[lane], lane, cost / speeds[lane]))
            lane_of.append(lane)
            dealt[lane] += 1
        first = (lane + 1) % lanes
    return ends, lane_of


@pytest.mark.parametrize("lanes", [2, 3, 8])
def test_few_items_of_uneven_cost_are_shared_evenly(lanes):
    """As if each took the next one when it is done, but for an item or two."""
    costs = [0.0001 + 0.06 * (n * 7919 % 200) / 200 for n in range(200)]
    ends, _ = played(lanes, costs)
    assert max(ends) <= sum(costs) / lanes + 2 * max(costs)
    assert max(ends) / min(ends) < 1.3


def test_heavy_items_are_not_dealt_ahead():
    """Where an item takes longer than a dealer could be late, each goes to whoever is done first."""
    costs = [0.05 + 0.05 * (n % 3) for n in range(100)]
    ends, _ = played(2, costs)
    assert max(ends) - min(ends) <= 2 * max(costs)


def test_a_slow_instance_gets_little():
    _, lane_of = played(3, [0.001] * 5_000, speeds=[0.01, 1.0, 1.0])
    assert lane_of.count(0) < 60 and abs(lane_of.count(1) - lane_of.count(2)) < 50


def test_one_that_is_stuck_gets_no_more():
    shares, done = Shares(2), [0, 0]
    dealt = [0, 0]
    for n in range(1_000):
        lane, most = shares.choose(0, dealt, done, [0, n * 1_000_000], n * 1_000_000)
        dealt[lane] += most
        done[1] = dealt[1]
    assert dealt[0] <= 2 and dealt[1] >= 998


def test_who_has_enough_is_waited_for():
    shares = Shares(2)
    dealt = [0, 0]
    for lane in (0, 1, 0, 1):
        assert shares.choose(lane, dealt, [0, 0], [0, 0], 0) == (lane, 1)
        dealt[lane] += 1
    assert shares.choose(0, dealt, [0, 0], [0, 0], 0) is None
    assert shares.choose(0, dealt, [0, 1], [0, 9], 0) == (1, 1)


def test_who_has_nothing_to_do_is_taken_in_turn():
    shares, dealt, done = Shares(3), [0, 0, 0], [0, 0, 0]
    for first in (0, 1, 2, 0, 1):
        lane, _ = shares.choose(first, dealt, done, [0, 0, 0], 0)
        assert lane == first
        dealt[lane] += 1
        done[lane] += 1


def test_cheap_items_are_dealt_ahead_by_the_thousand():
    """So that nobody waits for the dealer, nor the dealer for them."""
    shares = Shares(2)
    dealt, done, worked = [500_000, 500_000], [500_000, 500_000], [10**9, 10**9]  # 2 us each
    runs = []
    while (chosen := shares.choose(0, dealt, done, worked, 0)) is not None:
        lane, most = chosen
        dealt[lane] += most
        runs.append(most)
    assert set(runs) == {1024} and 40_000 <= sum(runs) < 43_000


def test_a_run_is_work_for_some_milliseconds():
    """Of items of 1 ms, twenty, however many were dealt before."""
    ms = 1_000_000
    shares, dealt, done = Shares(1), [100_000], [100_000]
    assert shares.choose(0, dealt, done, [100 * ms], 0) == (0, 1000)
    dealt[0] += 1000
    done[0] += 100
    assert shares.choose(0, dealt, done, [200 * ms], 100 * ms) is None
    done[0] += 890
    assert shares.choose(0, dealt, done, [1090 * ms], 990 * ms) == (0, 20)


def test_who_is_heard_of_late_has_enough_meanwhile():
    """Of items of 1 ms, as many as it does until it can have more; but not before it is known what an item takes."""
    ms = 1_000_000

    def ahead(done: int, now: int) -> int:
        shares = Shares(1, latency=30 * ms)
        dealt = [done]
        while (chosen := shares.choose(0, dealt, [done], [done * ms], now)) is not None:
            dealt[0] += chosen[1]
        return dealt[0] - done

    assert 30 <= ahead(100, 100 * ms) < 40
    assert ahead(0, 0) <= 2 and ahead(0, 1) <= 2


def test_who_is_dealt_little_does_not_seem_slow():
    """A cheap item now and then, which isn't done yet when the next one comes."""
    shares, dealt, done = Shares(1), [10_000], [9_999]
    for n in range(100):
        assert shares.choose(0, dealt, done, [n * 1000], n * 50_000_000) == (0, 100)
        dealt[0] += 1
        done[0] += 1


@pytest.mark.parametrize("free", [in_turn, lambda first, dealt: (0, 10)])
def test_runs_begin_with_the_number_of_their_first_item(free):
    held: list[list] = [[], []]
    lanes = Lanes(2, lambda lane: None)
    lanes.held, lanes.free = held, free
    lanes.marks = Marks(0, held, dealer=True)
    dest = dealing(lanes, 0)
    for item in range(25):
        held[dest()].append(item)
    for lane in range(2):
        head, items = lanes.marks.cut(lane)
        starts, at = [], 0
        for run in head.runs:
            assert run.place == (1, items[at])
            starts.append(items[at : at + run.count])
            at += run.count
        if free is in_turn:
            assert starts == [[n] for n in range(lane, 25, 2)]
        else:
            assert starts == ([] if lane else [list(range(10)), list(range(10, 20)), list(range(20, 25))])


def test_a_run_ends_where_it_is_sent_before_its_time():
    """What comes after may go to another lane, with a place of its own."""
    lanes = Lanes(2, lambda lane: None)
    lanes.free = lambda first, dealt: (first, 10)
    lanes.marks = Marks(0, lanes.held, dealer=True)
    dest = dealing(lanes, 0)
    went = []
    for item in range(12):
        lane = dest()
        lanes.held[lane].append(item)
        went.append(lane)
        if item == 3:
            lanes.leaves(1)  # not the one of this run
        if item == 6:
            lanes.leaves(lane)
            head, items = lanes.marks.cut(lane)
            assert items == list(range(7)) and head.runs[0].place == (1, 0)
    assert went == [0] * 7 + [1] * 5
    head, items = lanes.marks.cut(1)
    assert items == list(range(7, 12)) and [run.place for run in head.runs] == [(1, 7)]


def test_what_each_lane_was_dealt_is_told_exactly():
    lanes, told = Lanes(2, lambda lane: None), []

    def free(first, dealt):
        told.append(list(dealt))
        return first, 5

    lanes.free = free
    dest = dealing(lanes, 0)
    for n in range(16):
        lane = dest()
        if n == 7:
            lanes.leaves(lane)
    assert told == [[0, 0], [5, 0], [5, 3], [10, 3]]
