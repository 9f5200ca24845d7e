"""The producer's end of a channel: items wait until they are worth a parcel, and not longer than the line is idle."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from d4p.engines.channels.parcels import LEAST, Parcel, pack_parcel
from d4p.stage.outlet import Lanes

#: Batches grow to about this many bytes and items, as long as filling one takes no longer than this many seconds.
BATCH_BYTES, BATCH_ITEMS, BATCH_SECONDS = 256 << 10, 4096, 0.01
#: An item is held for so many seconds at most, give or take, while its producer is busy with something else.
LATE = 0.02
#: So many items are held before their size and the time are looked at.
_LOOK = 64


class Sender:
    """Parcels for the consumer of one channel.

    A batch leaves when it is large, when it took long to fill, when its producer is about to wait (`flush`), or when
    another thread finds that it waits while the producer is busy with something else (`flush_late`).

    Args:
        channel: its number.
        edge: its name in error messages.
        lanes: how many there are, each for one instance of the consumer or several.
        post: called with (lane, parcel); may wait, and is done with the parcel's buffers when it returns.
        least: buffers of at least so many bytes lie apart in a parcel.
        batch_bytes: what batches grow to.
    """

    def __init__(self, channel: int, edge: str, lanes: int, post: Callable[[int, Parcel], None],
                 least: int = LEAST, batch_bytes: int = BATCH_BYTES) -> None:
        self.channel, self.edge, self._post, self._least, self._bytes = channel, edge, post, least, batch_bytes
        self.lanes = Lanes(lanes, self._reached)
        self._held, self._most = self.lanes.held, self.lanes.most
        self._wanted = [1] * lanes
        self._left = [time.perf_counter()] * lanes
        self._sending = threading.Lock()
        self._failure: BaseException | None = None

    def _reached(self, dest: int) -> None:
        """As many items wait as were to be looked at: send them, or let more come."""
        held = self._held[dest]
        last, count = held[-1:], len(held)
        if not last:  # another thread has sent it meanwhile
            return
        if count < self._wanted[dest] and count * _roughly(last[0]) < self._bytes:
            if time.perf_counter() - self._left[dest] < BATCH_SECONDS:
                self._most[dest] = min(count + _LOOK, self._wanted[dest])
                return
        self._send(dest)

    def _send(self, dest: int) -> None:
        with self._sending:
            if self._failure is not None:
                raise self._failure
            self._send_alone(dest)

    def _send_alone(self, dest: int) -> None:
        held = self._held[dest]
        batch = held[:]
        del held[: len(batch)]  # the producer may have written on
        if not batch:
            return
        parcel = pack_parcel(self.edge, batch, self._least)
        count = len(batch)
        filling = time.perf_counter() - self._left[dest]
        fits = self._bytes * count // max(1, parcel.nbytes)
        wanted = count * 2 if filling < BATCH_SECONDS else count // 2
        self._wanted[dest] = max(1, min(wanted, fits, BATCH_ITEMS))
        self._most[dest] = min(self._wanted[dest], _LOOK)
        self._post(dest, parcel)
        self._left[dest] = time.perf_counter()

    def flush(self) -> None:
        """Send what is held back; when it returns, all has been posted. Raises what a `flush_late` failed with."""
        with self._sending:  # also where nothing is held: another thread may be sending it
            if self._failure is not None:
                raise self._failure
            for dest, held in enumerate(self._held):
                if held:
                    self._send_alone(dest)

    def flush_late(self) -> bool:
        """Send what has been held back for long; to be called from another thread. Gives whether there was any.

        What it fails with is raised in the producer's thread, when that sends the next time.
        """
        now, found = time.perf_counter(), False
        for dest, held in enumerate(self._held):
            if held and now - self._left[dest] > LATE and self._sending.acquire(blocking=False):
                found = True
                try:
                    self._send_alone(dest)
                except BaseException as error:
                    self._failure = self._failure or error
                finally:
                    self._sending.release()
        return found


class Flusher:
    """A thread that sends what producers left behind while they are busy with something else.

    Args:
        senders: gives the senders of this process.
    """

    def __init__(self, senders: Callable[[], list[Sender]]) -> None:
        self._senders, self._stop = senders, threading.Event()
        self._thread = threading.Thread(target=self._run, name="d4p flusher", daemon=True)

    def __enter__(self) -> Flusher:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()

    def _run(self) -> None:
        pause = LATE
        while not self._stop.wait(pause):
            found = [sender.flush_late() for sender in self._senders()]
            pause = LATE if any(found) else min(2 * pause, 5 * LATE)


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
