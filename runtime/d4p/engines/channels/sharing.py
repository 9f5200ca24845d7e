"""Runs go to whoever is free, as far as consumers say what they have done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from d4p.engines.channels.sender import Sender
from d4p.stage.dealing import Shares

#: Seconds after which a dealer looks again, whatever it was told.
_LOOK = 0.05


class Sharing:
    """The dealer's side of a channel whose consumers say what they have done.

    A dealer waits where all have enough to do. That ends: what it waits for was sent before, and a consumer takes what
    comes to it whether or not that is in turn, so it has done something as soon as those that it sends to let it; and
    as channels with runs lead forward only, the last one that waits has nobody to wait for. It is no other wait than
    that for room in a pipe.

    Args:
        sender: the channel's.
        row: `done()` gives the items that each consumer has done, and the nanoseconds that took it; after `expect()` a
            `wait(seconds)` ends as soon as one has done more.
        flush: sends all items that the dealer holds back, on whatever channel.
        latency: for so many nanoseconds what is done may be unknown to the dealer, and what it deals then not there.
    """

    def __init__(self, sender: Sender, row: Any, flush: Callable[[], None], latency: int = 0) -> None:
        self._sender, self._row, self._flush = sender, row, flush
        self._shares = Shares(len(sender.lanes.held), latency)

    def free(self, first: int, dealt: Sequence[int]) -> tuple[int, int]:
        """`Lanes.free`; waits until somebody is."""
        chosen = self._choose(first, dealt)
        if chosen is None:
            self._flush()
            clock = self._sender.lanes.clock
            before = clock.enter("blocked")
            while chosen is None:
                self._row.expect()
                chosen = self._choose(first, dealt)
                if chosen is None:
                    self._row.wait(_LOOK)
            clock.enter(before)
        return chosen

    def _choose(self, first: int, dealt: Sequence[int]) -> tuple[int, int] | None:
        done, worked = self._row.done()
        chosen = self._shares.choose(first, dealt, done, worked, time.perf_counter_ns())
        if chosen is not None and dealt[chosen[0]] == done[chosen[0]]:
            self._sender.soon(*chosen)
        return chosen
