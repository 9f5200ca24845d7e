"""Runs of items are dealt to the instances of a PE that keeps no state: which one takes a run changes no answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from d4p.places.marks import Marks

#: Items in a run at most, and one in how many of all that were dealt before: few heavy items are shared out evenly.
_MOST, _PART = 1024, 100
#: A run is work for so many nanoseconds at most, where that can be told.
_WORK = 20_000_000
#: An instance has enough where so many runs wait for it or are at work: the next one is there when one is done.
_AHEAD = 2


class Shares:
    """To whom the next run goes where it is known what each instance has done: who has the least to do, for its pace.

    It is dealt no more than a little ahead, so that what comes later goes to whoever is done first. A little is twice
    the hundredth of all that a run may be, so cheap items soon wait by the thousand, and nobody waits for them.

    Args:
        lanes: how many there are, each for one instance.
        latency: in nanoseconds, how much later it may be known what is done: an instance needs work for that, too.
    """

    def __init__(self, lanes: int, latency: int = 0) -> None:
        self._latency = latency
        self._paces = [float("inf")] * lanes  # items in a nanosecond of work
        self._from = [(0, 0)] * lanes  # what was done, and the work that took, from where on the pace is taken next
        self._moved = [(0, 0)] * lanes  # what was done when that was seen to change, and when that was

    def choose(self, first: int, dealt: Sequence[int], done: Sequence[int], worked: Sequence[int], now: int,
               ) -> tuple[int, int] | None:
        """A lane, and how many items to deal to it; None where all have enough.

        Args:
            first: of lanes that have as little to do, the first from this one on.
            dealt: how many items each lane was given.
            done: and how many of these it needs no more.
            worked: the nanoseconds that those took it. Time in which it had nothing to do isn't in it: or who is dealt
                little would seem slow, and be dealt less.
            now: in nanoseconds.
        """
        part = sum(dealt) // _PART or 1
        chosen, least = None, 1.0
        for lane in (*range(first, len(dealt)), *range(first)):
            out = dealt[lane] - done[lane]
            pace = self._pace(lane, out, done[lane], worked[lane], now)
            meanwhile = self._latency * pace if self._paces[lane] < float("inf") else 0  # it isn't known yet
            if (had := out / max(1, meanwhile, min(_AHEAD * part, _AHEAD * _WORK * pace))) < least:
                chosen, least = lane, had
                if not out:
                    break
        if chosen is None:
            return None
        return chosen, max(1, int(min(_MOST, part, _WORK * self._paces[chosen])))

    def _pace(self, lane: int, out: int, done: int, worked: int, now: int) -> float:
        """The items that a lane does in a nanosecond, as lately, or fewer where it is at one for longer."""
        before, had = self._from[lane]
        if worked - had >= _WORK and done > before:
            self._paces[lane] = (done - before) / (worked - had)
            self._from[lane] = done, worked
        last, then = self._moved[lane]
        if not out or done != last:
            self._moved[lane] = done, now
            return self._paces[lane]
        return min(self._paces[lane], 1 / max(1, now - then))


def dealing(lanes: Any, index: int) -> Callable[[], int]:
    """A function that gives the lane of the next item. A dealer's runs begin here; others' are as they came."""
    marks, count = lanes.marks, len(lanes.held)
    if marks is not None and not marks.dealer:
        return lambda: marks.run % count
    dealt = [0] * count
    lane, begun, total, left = (index - 1) % count, 0, 0, 0

    def dest() -> int:
        nonlocal lane, begun, total, left
        if left <= 0:
            dealt[lane] += total - begun
            if marks is not None:
                marks.pause(total)
            lane, left = lanes.free((lane + 1) % count, dealt)
            begun = total
            if marks is not None:
                marks.deal(lane, total)
        left -= 1
        total += 1
        return lane

    def leaves(dest: int) -> None:
        nonlocal left
        if dest == lane:
            left = 0

    lanes.leaves = leaves
    return dest


def in_turn(first: int, dealt: Sequence[int]) -> tuple[int, int]:
    """The lane of the next run, and its items at most, where nobody knows who is free."""
    return first, min(_MOST, sum(dealt) // _PART or 1)


def marks_of(index: int, instances: int, held: list[list[Any]], places: str, step: list[int]) -> Marks | None:
    """The marks of a channel's lanes, None where its items need no places. The only instance of a stage gives places
    itself; several tell those of what they got, with the number of what is in hand, which `step` holds."""
    return Marks(index, held, places == "numbered", instances == 1, step) if places else None
