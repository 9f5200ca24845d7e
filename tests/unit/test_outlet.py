"""Where items wait for the instances of a consumer: the `write` that an outlet makes does what its function does."""

import pytest

from d4p.describe.failure import PeFailed
from d4p.stage.channel import Channel
from d4p.stage.exchange import Broadcast, Forward, Gather, Hash, RoundRobin
from d4p.stage.faults import FAILURES
from d4p.stage.outlet import Lanes, outlet

KINDS = [Hash(0), RoundRobin(), Forward(), Gather(), Broadcast()]


def channel(exchange):
    return Channel(1, "a.out -> b.in", exchange)


def an_outlet(most=3, exchange=KINDS[0]):
    """An outlet, by the first field, to two instances, and what was sent."""
    sent = []

    def send(dest):
        sent.append((dest, lanes.held[dest][:]))
        lanes.held[dest].clear()

    lanes = Lanes(2, send, most)
    return outlet(channel(exchange), 1, lanes), sent


ITEMS = [("x", 1), ("y", 2), (1, 3), (True, 4), (1.0, 5), ("x", 6), ((1, 2), 7), (None, 8), ["x", 9], ("z", 10)] * 3


def failed(error):
    return error


@pytest.mark.parametrize("exchange", KINDS)
def test_what_is_written_goes_where_what_is_put_goes(exchange):
    made, put_sent = an_outlet(3, exchange)
    other, sent = an_outlet(3, exchange)
    write = other.writer("out", None, failed, FAILURES)
    for item in ITEMS:
        made.put(item)
        write("out", item)
    assert sent == put_sent and sent
    assert other.taken() == made.taken() == len(ITEMS)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("producers, consumers", [(1, 3), (3, 2), (3, 4), (5, 3)])
def test_each_of_several_producers_deals_from_the_consumer_of_its_own_number(producers, consumers, written):
    """So that the first items of many producers don't all go to the first consumer."""
    firsts = []
    for producer in range(producers):
        lanes = Lanes(consumers, lambda dest: None, 1_000)
        made = outlet(channel(RoundRobin()), producer, lanes)
        write = made.writer("out", None, failed, FAILURES)
        for item in range(10):
            write("out", item) if written else made.put(item)
        assert made.taken() == 10
        for dest, held in enumerate(lanes.held):
            assert held == [item for item in range(10) if (producer + item) % consumers == dest]
        firsts.append(next(dest for dest, held in enumerate(lanes.held) if 0 in held))
    assert firsts == [producer % consumers for producer in range(producers)]


@pytest.mark.parametrize("exchange", KINDS)
def test_written_and_put_items_are_counted_together(exchange):
    made, _ = an_outlet(3, exchange)
    write = made.writer("out", None, failed, FAILURES)
    write("out", ("x", 1))
    made.put(("y", 2))
    assert made.taken() == 2


@pytest.mark.parametrize("exchange", KINDS)
def test_another_port_is_not_its_own(exchange):
    made, _ = an_outlet(3, exchange)
    seen = []
    made.writer("out", lambda name, item: seen.append((name, item)), failed, FAILURES)("log", "item")
    assert seen == [("log", "item")] and made.taken() == 0


def test_an_item_without_the_field_is_named_with_its_number():
    made, _ = an_outlet()
    told = []

    def remembered(error):
        told.append(error)
        return KeyboardInterrupt()

    write = made.writer("out", None, remembered, FAILURES)
    write("out", ("x", 1))
    with pytest.raises(KeyboardInterrupt):
        write("out", 5)
    (error,) = told
    assert isinstance(error, PeFailed)
    assert str(error).startswith("a.out -> b.in, item 2: group-by [0] needs items with that field")


@pytest.mark.parametrize("exchange", [Gather([0]), Forward([0])])
def test_an_item_without_a_field_that_all_need_is_named_with_its_number(exchange):
    lanes = Lanes(1, lambda dest: lanes.held[dest].clear())
    made = outlet(channel(exchange), 0, lanes)
    told = []
    write = made.writer("out", None, lambda error: told.append(error) or KeyboardInterrupt(), FAILURES)
    write("out", ("x", 1))
    with pytest.raises(KeyboardInterrupt):
        write("out", 5)
    assert isinstance(told[0], PeFailed) and str(told[0]).startswith("a.out -> b.in, item 2: ")


@pytest.mark.parametrize("exchange", KINDS)
def test_what_sending_raises_is_told(exchange):
    def send(dest):
        raise LookupError("no room")  # of the kind that an item without a field raises

    lanes = Lanes(2, send)
    made = outlet(channel(exchange), 0, lanes)
    told = []
    with pytest.raises(ValueError):
        made.writer("out", None, lambda error: told.append(error) or ValueError(), FAILURES)("out", ("x", 1))
    assert [str(error) for error in told] == ["no room"] and sum(map(len, lanes.held)) == 1
