"""The producer's end of a channel: items wait until they are worth a parcel, and not longer than the line is idle."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from d4p.channels.parcels import LEAST, Parcel, pack_parcel
from d4p.outlet import Lanes

#: Batches grow to about this many bytes and items, as long as filling one takes no longer than this many seconds.
BATCH_BYTES, BATCH_ITEMS, BATCH_SECONDS = 256 << 10, 4096, 0.01
#: So many items are held before their size and the time are looked at.
_LOOK = 64


class Sender:
    """Parcels for the instances of one channel's consumer.

    A batch leaves when it is large, when it took long to fill, or when its producer is about to wait (`flush`).

    Args:
        channel: its number.
        edge: its name in error messages.
        instances: how many the consumer has.
        post: called with (instance of the consumer, parcel); may wait, and is done with the parcel's buffers when it
            returns.
        least: buffers of at least so many bytes lie apart in a parcel.
    """

    def __init__(self, channel: int, edge: str, instances: int, post: Callable[[int, Parcel], None],
                 least: int = LEAST) -> None:
        self.channel, self.edge, self._post, self._least = channel, edge, post, least
        self.lanes = Lanes(instances, self._reached)
        self._held, self._most = self.lanes.held, self.lanes.most
        self._wanted = [1] * instances
        self._left = [time.perf_counter()] * instances

    def _reached(self, dest: int) -> None:
        """As many items wait as were to be looked at: send them, or let more come."""
        held = self._held[dest]
        count = len(held)
        if count < self._wanted[dest] and count * _roughly(held[-1]) < BATCH_BYTES:
            if time.perf_counter() - self._left[dest] < BATCH_SECONDS:
                self._most[dest] = min(count + _LOOK, self._wanted[dest])
                return
        self._send(dest)

    def _send(self, dest: int) -> None:
        held = self._held[dest]
        parcel = pack_parcel(self.edge, held, self._least)
        count = len(held)
        held.clear()
        filling = time.perf_counter() - self._left[dest]
        fits = BATCH_BYTES * count // max(1, parcel.nbytes)
        wanted = count * 2 if filling < BATCH_SECONDS else count // 2
        self._wanted[dest] = max(1, min(wanted, fits, BATCH_ITEMS))
        self._most[dest] = min(self._wanted[dest], _LOOK)
        self._post(dest, parcel)
        self._left[dest] = time.perf_counter()

    def flush(self) -> None:
        """Send what is held back."""
        for dest, held in enumerate(self._held):
            if held:
                self._send(dest)


def _roughly(item: Any, depth: int = 2) -> int:
    """About how many bytes an item holds, at little cost: what lies deeper isn't seen."""
    size = getattr(item, "nbytes", None)
    if type(size) is int:
        return size
    if depth:
        parts = item if type(item) in (tuple, list) else item if type(item) is dict else getattr(item, "__dict__", ())
        if parts:
            values = list(parts.values())[:16] if isinstance(parts, dict) else parts[:16]
            return sum(_roughly(value, depth - 1) for value in values)
    return sys.getsizeof(item)
