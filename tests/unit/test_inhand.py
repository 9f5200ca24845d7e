"""The items in hand: what is seen of them, from outside, and whose they are."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from d4p import IterativePE
from d4p.stage.inhand import EVERY, MOST, InHand, Slowest


class Call(IterativePE):
    """Calls what it is given."""

    def _process(self, call):
        return call()


class Other(IterativePE):
    def _process(self, call):
        return call()


def stage(*pes: IterativePE, thread: int | None = None):
    counts = {f"pe{number}": 0 for number in range(len(pes))}
    return SimpleNamespace(names=tuple(counts), pes=pes, counts=lambda: counts, received=counts, slowest=Slowest(),
                           isolated=(), clock=SimpleNamespace(part="working", thread=thread))


@pytest.fixture
def looks():
    """Looks so many times, in turn, and tells the time."""
    made = SimpleNamespace(now=100.0)

    def look(in_hand: InHand, times: int, after: float = EVERY) -> None:
        for _ in range(times):
            made.now += after
            in_hand.look(made.now)

    made.look = look
    return made


def test_an_item_that_is_seen_again_and_again_took_long(looks):
    pes = Call(), Other()
    mine = stage(*pes)
    in_hand = InHand([mine])
    for item, (pe, times) in enumerate([(pes[0], 1), (pes[1], 6), (pes[0], 11), (pes[1], 1)], 1):
        mine.received["pe0"] = mine.received["pe1"] = item
        pe._process(lambda times=times: looks.look(in_hand, times))
    looks.look(in_hand, 1)
    assert mine.slowest.report() == [(round(11 * EVERY, 3), "pe0", 3), (round(6 * EVERY, 3), "pe1", 2)]


def test_the_one_in_hand_is_among_them(looks):
    mine = stage(Call())
    in_hand = InHand([mine])
    mine.pes[0]._process(lambda: (looks.look(in_hand, 3), mine.received.update(pe0=1), looks.look(in_hand, 5)))
    assert [found[1:] for found in mine.slowest.report()] == [("pe0", 1), ("pe0", 0)]


def test_of_two_of_a_class_it_is_the_one_that_works(looks):
    mine = stage(Call(), Call())
    in_hand = InHand([mine])
    mine.pes[1]._process(lambda: looks.look(in_hand, 4))
    mine.pes[0]._process(lambda: mine.pes[1]._process(lambda: looks.look(in_hand, 7)))
    assert {pe for _, pe, _ in mine.slowest.report()} == {"pe1"}


def test_who_is_blocked_has_nothing_in_hand(looks):
    mine = stage(Call())
    in_hand = InHand([mine])
    mine.clock.part = "blocked"
    mine.pes[0]._process(lambda: looks.look(in_hand, 9))
    assert not mine.slowest.report()


def test_what_kept_the_interpreter_is_in_hand_when_it_can_be_looked_at_again(looks):
    mine = stage(Call())
    in_hand = InHand([mine])
    looks.look(in_hand, 2)
    mine.pes[0]._process(lambda: looks.look(in_hand, 1, after=3.0))
    looks.look(in_hand, 1)
    assert mine.slowest.report() == [(3.0, "pe0", 0)]


def test_instances_are_told_apart_by_their_threads(looks):
    first, second = stage(Call(), thread=threading.get_ident()), stage(Call(), thread=-1)
    second.pes = (Call(),)
    in_hand = InHand([first, second])
    first.pes[0]._process(lambda: looks.look(in_hand, 5))
    assert first.slowest.report() and not second.slowest.report()


def test_a_stage_is_looked_at_once_its_pes_are_there(looks):
    mine = stage(Call())
    pes, mine.pes = mine.pes, ()
    in_hand = InHand([mine])
    looks.look(in_hand, 2)
    mine.pes = pes
    pes[0]._process(lambda: looks.look(in_hand, 4))
    assert mine.slowest.report()


def test_a_few_are_kept():
    slowest = Slowest()
    for number in range(1000):
        slowest.add((float(number % 500 + 1), "pe", number))
    assert [seconds for seconds, _, _ in slowest.report()] == [500 + EVERY - at // 2 for at in range(MOST)]
