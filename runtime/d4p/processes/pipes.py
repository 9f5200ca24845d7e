"""Inboxes: one bounded pipe for each consuming instance, written by many producers, a whole batch at a time."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import time
from typing import Any

from d4p.failure import pack_for
from d4p.items import unpack
from d4p.outlet import Lanes

_HEAD = struct.Struct("<IQ")
_END = 0xFFFF_FFFF_FFFF_FFFF
#: A pipe holds this much where the system allows it: what a fast producer can be ahead of a slow consumer.
_CAPACITY = 1 << 20
#: Batches grow to about this many bytes and items, as long as filling one takes no longer than this many seconds.
_BATCH_BYTES, _BATCH_ITEMS, _BATCH_SECONDS = 256 << 10, 4096, 0.01


class Inbox:
    """The end of a pipe that one instance reads, and the lock that its writers share."""

    def __init__(self, context: Any) -> None:
        self.receive, self.send = context.Pipe(duplex=False)
        self.lock = context.Lock()
        try:
            fcntl.fcntl(self.send.fileno(), getattr(fcntl, "F_SETPIPE_SZ", 1031), _CAPACITY)
        except OSError:
            pass  # the system's own capacity will do

    def ready(self) -> bool:
        """Whether something can be read without waiting."""
        poll = select.poll()
        poll.register(self.receive.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def take(self) -> tuple[int, list[Any] | None]:
        """The next batch as (channel, items); None for the items where a producer says it is done with the channel."""
        channel, length = _HEAD.unpack(self._read(_HEAD.size))
        return (channel, None) if length == _END else (channel, unpack(self._read(length)))

    def _read(self, length: int) -> bytearray:
        buffer = bytearray(length)
        view, fd, at = memoryview(buffer), self.receive.fileno(), 0
        while at < length:
            got = os.readv(fd, [view[at:]])
            if not got:
                raise EOFError("every producer of this inbox is gone")
            at += got
        return buffer

    def put(self, channel: int, blob: bytes | None) -> None:
        """Write one batch, or (None) the end of a producer's items; waits while the pipe is full."""
        parts = [_HEAD.pack(channel, _END if blob is None else len(blob)), blob or b""]
        fd = self.send.fileno()
        with self.lock:
            sent = os.writev(fd, parts)
            for part in parts:
                view = memoryview(part)[sent:]
                sent = max(0, sent - len(part))
                while view:
                    view = view[os.write(fd, view) :]


class Sender:
    """Batches for the instances of one channel's consumer.

    A batch leaves when it is large, when it took long to fill, or when its producer is about to wait.
    """

    def __init__(self, channel: int, edge: str, inboxes: list[Inbox]) -> None:
        self.channel, self.edge, self.inboxes = channel, edge, inboxes
        self.lanes = Lanes(len(inboxes), self._send)
        self.held, self.most = self.lanes.held, self.lanes.most
        self.left = [time.perf_counter()] * len(inboxes)

    def _send(self, dest: int) -> None:
        batch = self.held[dest]
        blob = pack_for(self.edge, batch)
        count = len(batch)
        batch.clear()
        filling = time.perf_counter() - self.left[dest]
        fits = _BATCH_BYTES * count // max(1, len(blob))
        wanted = count * 2 if filling < _BATCH_SECONDS else count // 2
        self.most[dest] = max(1, min(wanted, fits, _BATCH_ITEMS))
        self.inboxes[dest].put(self.channel, blob)
        self.left[dest] = time.perf_counter()

    def flush(self) -> None:
        """Send what is held back."""
        for dest, batch in enumerate(self.held):
            if batch:
                self._send(dest)

    def close(self) -> None:
        """Send what is held back, then the end."""
        self.flush()
        for inbox in self.inboxes:
            inbox.put(self.channel, None)
