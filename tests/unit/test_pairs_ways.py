"""Which way items go to the tiles of their pairs on Spark, of what is known of both."""

from __future__ import annotations

from pathlib import Path

import pytest

import d4p_compile
from d4p.engines.spark.broadcast import MOST, SETTING, Limits, as_moved, limits, most_executors, needs, size_of, sizes
from d4p.errors import Refused
from d4p.stage.channel import Channel
from d4p.stage.exchange import Pairs


def channel(number, *fields, side=""):
    return Channel(number, "a.out -> b.in", Pairs(*fields, side=side))


ONE = [channel(1)]
WORKFLOWS = Path(__file__).parents[1] / "workflows" / "pairs.py"


def settings(**given):
    known = {key.replace("_", "."): value for key, value in given.items()}
    return lambda key, default: known.get(key, default)


def test_sizes_are_those_of_spark():
    found = [size_of(text, SETTING) for text in ("100", "10k", "100m", "1g", " 2 GB".replace(" ", ""), "10MB", "-1")]
    assert found == [100, 10 << 10, 100 << 20, 1 << 30, 2 << 30, 10 << 20, -1]
    for text in ("", "much", "1.5g", "m"):
        with pytest.raises(Refused, match=f"{SETTING} must be a size"):
            limits(settings(**{SETTING: text}), 1)


def test_a_thousand_spectra_are_broadcast_unless_that_is_set_otherwise():
    items, tiles = 78_000_000, 624_000_000
    assert limits(settings(), 2).why_tiles_of(items, tiles) == ""
    assert limits(settings(), 2).why_tiles(ONE, 36) == ""
    for off in ("0", "-1"):
        assert limits(settings(**{SETTING: off}), 2).why_tiles(ONE, 36) == f"{SETTING} is {off}"
    assert limits(settings(**{SETTING: "10m"}), 2).why_tiles_of(items, tiles) == \
        f"the items take 78 MB, and {SETTING} is 10m"
    small = settings(**{"spark.driver.maxResultSize": "50m"})
    assert "spark.driver.maxResultSize" in limits(small, 2).why_tiles_of(items, tiles)
    assert limits(settings(**{"spark.driver.maxResultSize": "0"}), 2).why_tiles_of(items, tiles) == ""


def test_executors_are_weighed_against_tiles():
    assert Limits(1 << 30, "1g", 0, 7).why_tiles(ONE, 36) == ""
    assert Limits(1 << 30, "1g", 0, 8).why_tiles(ONE, 36) == \
        "an item goes to 8 tiles, and by a broadcast to 8 executors"
    assert Limits(1 << 30, "1g", 0, None).why_tiles(ONE, 36).startswith("dynamic allocation may start any number")
    # Two streams, one of which goes to more tiles than there are executors: it is the sum that counts.
    uneven = [channel(1, side="left"), channel(2, side="right")]
    assert Limits(1 << 30, "1g", 0, 3).why_tiles(uneven, 8) == ""
    assert Limits(1 << 30, "1g", 0, 3).why_tiles_of(100, 200) == "a broadcast would move 300 bytes, to 3 executors"
    assert Limits(1 << 30, "1g", 0, 3).why_tiles_of(0, 0)  # nothing to broadcast


@pytest.mark.parametrize(("given", "now", "expected"), [
    ({}, 3, 3), ({}, 0, 1), ({"spark.executor.instances": "5"}, 3, 5),
    ({"spark.dynamicAllocation.enabled": "true"}, 3, None),
    ({"spark.dynamicAllocation.enabled": "true", "spark.dynamicAllocation.maxExecutors": "4"}, 3, 4),
    ({"spark.dynamicAllocation.enabled": "true", "spark.dynamicAllocation.maxExecutors": "2147483647"}, 3, None),
    ({"spark.dynamicAllocation.enabled": "true", "spark.dynamicAllocation.maxExecutors": "infinity"}, 3, None),
])  # fmt: skip
def test_how_many_executors_there_may_be(given, now, expected):
    assert most_executors(settings(**given), False, lambda: now) == expected
    assert most_executors(settings(**given), True, lambda: 1 / 0) == 1


@pytest.mark.parametrize("instances", [1, 3, 6, 8, 12, 36])
def test_a_tile_needs_the_blocks_that_are_sent_to_it(instances):
    channels = [channel(1, side="left"), channel(4, side="right"), channel(5)]
    found = needs(channels, instances)
    for each in channels:
        for block, reached in enumerate(each.exchange.spread(instances)):
            assert [(each.number, block) in mine for mine in found] == [i in reached for i in range(instances)]


def test_what_moved_is_what_was_broadcast():
    edge, other = "a.out -> b.in", "a.out -> c.in"
    reports = [{"moved": {edge: 80, other: 7}, "once": {1: (edge, 10)}}, {"moved": {edge: 40}, "once": {1: (edge, 5)}},
               {"moved": {}}]  # fmt: skip
    assert sizes(reports, ONE) == (15, 120)
    assert sizes(reports, [channel(2)]) == (0, 0)
    assert [report["moved"] for report in as_moved(reports, {1: 2})] == [{edge: 20, other: 7}, {edge: 10}, {}]
    assert as_moved(reports, {}) == reports


def test_the_plan_says_how_it_is_decided():
    for target in ("spark-rdd", "spark-df"):
        (note,) = d4p_compile.plan(f"{WORKFLOWS}:in_tiles", target).notes
        assert note == (
            f"AllPairs gets its items by a broadcast, once to each executor, where they take no more than {SETTING} "
            f"({MOST}) and that moves less; else by tiles as keys, each about sqrt(2 x T) times: decided "
            "when they are counted"
        )
        (note,) = d4p_compile.plan(f"{WORKFLOWS}:with_others", target).notes
        assert note == ("AllPairs gets its items by tiles as keys, each about sqrt(2 x 6) times: its stage "
                        "takes Items3.output -> Beside.item, too")  # fmt: skip
    assert not d4p_compile.plan(f"{WORKFLOWS}:in_tiles", "processes").notes
