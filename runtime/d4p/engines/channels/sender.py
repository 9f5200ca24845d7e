"""The producer's end of a channel: items wait until they are worth a parcel, and not longer than the line is idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from d4p.engines.channels.parcels import LEAST, Parcel, pack_parcel
from d4p.host import forks
from d4p.items.packing import headed
from d4p.items.size import roughly
from d4p.stage.figures import Clock
from d4p.stage.outlet import Lanes

#: Batches grow to about this many bytes and items, as long as filling one takes no longer than this many seconds.
BATCH_BYTES, BATCH_ITEMS, BATCH_SECONDS = 256 << 10, 4096, 0.01
#: An item is held for so many seconds at most, give or take, while its producer is busy with something else.
LATE = 0.02
#: Of a parcel of more bytes it counts apart what it takes to copy it and how long that must wait.
_LARGE = 256 << 10
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
        free: called with a lane; whether `post` wouldn't wait. Where it would, `flush_late` sends nothing there.
    """

    def __init__(self, channel: int, edge: str, lanes: int, post: Callable[[int, Parcel], None],
                 least: int = LEAST, batch_bytes: int = BATCH_BYTES,
                 free: Callable[[int], bool] = lambda lane: True) -> None:
        self.channel, self.edge, self._post, self._least, self._bytes = channel, edge, post, least, batch_bytes
        self._free = free
        self.lanes = Lanes(lanes, self._reached)
        self.lanes.places = True
        self._held, self._most = self.lanes.held, self.lanes.most
        self._wanted = [1] * lanes
        self._left = [time.perf_counter()] * lanes
        self._sending = threading.Lock()
        self._late = Clock()  # of the thread that calls `flush_late`, which is no instance's
        self._failure: BaseException | None = None

    def soon(self, dest: int, items: int) -> None:
        """A lane's consumer has nothing to do: the next few items leave at once, and needn't grow to a batch."""
        if items <= _LOOK:
            self._wanted[dest] = min(self._wanted[dest], items)
            self._most[dest] = min(self._most[dest], items)

    def _reached(self, dest: int) -> None:
        """As many items wait as were to be looked at: send them, or let more come."""
        held = self._held[dest]
        last, count = held[-1:], len(held)
        if not last:  # another thread has sent it meanwhile
            return
        if count < self._wanted[dest] and count * roughly(last[0]) < self._bytes:
            if time.perf_counter() - self._left[dest] < BATCH_SECONDS:
                self._most[dest] = min(count + _LOOK, self._wanted[dest])
                return
        self._send(dest)

    def _send(self, dest: int) -> None:
        clock = self.lanes.clock
        before = clock.enter("blocked")  # where the other thread is sending
        with self._sending:
            if self._failure is not None:
                raise self._failure
            self._send_alone(dest, clock)
        clock.enter(before)

    def _send_alone(self, dest: int, clock: Clock) -> None:
        held, marks, head = self._held[dest], self.lanes.marks, None
        if marks is not None:
            if not marks.news(dest):
                return
            head, batch = marks.cut(dest)
        else:
            batch = held[:]
            del held[: len(batch)]  # the producer may have written on
            if not batch:
                return
        clock.enter("packing")
        parcel = pack_parcel(self.edge, batch, self._least)
        if head is not None:
            parcel = Parcel(headed(head.packed(), parcel.head), parcel.buffers)
            if not batch:
                self._send_on(dest, parcel, clock)
                return
        count = len(batch)
        self.lanes.items[dest] += count
        self.lanes.bytes[dest] += parcel.nbytes
        filling = time.perf_counter() - self._left[dest]
        fits = self._bytes * count // max(1, parcel.nbytes)
        wanted = count * 2 if filling < BATCH_SECONDS else count // 2
        self._wanted[dest] = max(1, min(wanted, fits, BATCH_ITEMS))
        self._most[dest] = min(self._wanted[dest], _LOOK)
        self._send_on(dest, parcel, clock)
        self._left[dest] = time.perf_counter()

    def _send_on(self, dest: int, parcel: Parcel, clock: Clock) -> None:
        forks.check()
        clock.enter("blocked")
        if parcel.nbytes < _LARGE:
            self._post(dest, parcel)
            return
        before = time.thread_time()
        self._post(dest, parcel)
        clock.move(time.thread_time() - before, "blocked", "packing")

    def _has_news(self, dest: int) -> bool:
        marks = self.lanes.marks
        return marks.news(dest) if marks is not None else bool(self._held[dest])

    def flush(self, news: bool = True) -> None:
        """Send what is held back, and `news` of places where there are no items as well; when it returns, all has been
        posted. Raises what a `flush_late` failed with."""
        clock = self.lanes.clock
        before = clock.enter("blocked")
        with self._sending:  # also where nothing is held: another thread may be sending it
            if self._failure is not None:
                raise self._failure
            for dest in range(len(self._held)):
                if self._held[dest] or news and self._has_news(dest):
                    self.lanes.leaves(dest)
                    self._send_alone(dest, clock)
        clock.enter(before)

    def flush_late(self) -> bool:
        """Send what has been held back for long; to be called from another thread. Gives whether there was any.

        What it fails with is raised in the producer's thread, when that sends the next time.
        """
        now, found = time.perf_counter(), False
        for dest in range(len(self._held)):
            if self._has_news(dest) and now - self._left[dest] > LATE and self._sending.acquire(blocking=False):
                found = True
                try:
                    if self._free(dest):
                        self.lanes.leaves(dest)
                        self._send_alone(dest, self._late)
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
