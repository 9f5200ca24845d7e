"""Inboxes: one bounded pipe for each consuming instance, written by many producers, a whole parcel at a time.

What is large goes through the inbox's arena, memory that all processes share, where there is room in it.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import select
import struct
import termios
from collections.abc import Callable
from typing import Any

from d4p.engines.channels.parcels import Parcel, places_of, sizes, unpack_parcel
from d4p.engines.processes.arena import Arena, SharedFile
from d4p.engines.processes.store import Store, padded
from d4p.places.held import Packed
from d4p.places.marks import Head

#: Before each parcel: what follows, its channel, the length of its head, and the granule of the arena where it lies.
_HEAD = struct.Struct("<BIQQ")
_END, _HERE, _BUFFERS_THERE, _ALL_THERE, _STORED = range(5)
#: Heads of at least so many bytes go through the arena too: a pipe copies twice.
_LARGE = 32 << 10
#: A pipe holds this much where the system allows it: what a fast producer can be ahead of a slow consumer.
_CAPACITY = 1 << 20
#: So many parts one call writes or reads: what systems allow.
_PARTS = min(512, os.sysconf("SC_IOV_MAX") if "SC_IOV_MAX" in os.sysconf_names else 16)


class Inbox:
    """The end of a pipe that one instance reads, and the lock that its writers share. `store` holds what it shares with
    other instances."""

    def __init__(self, context: Any, shared: SharedFile, section: int, store: Store | None = None) -> None:
        self.store = store
        self.receive, self.send = context.Pipe(duplex=False)
        self.lock = context.Lock()
        self.arena = Arena(shared, section, context.Semaphore(0))
        try:
            fcntl.fcntl(self.send.fileno(), getattr(fcntl, "F_SETPIPE_SZ", 1031), _CAPACITY)
        except OSError:
            pass  # the system's own capacity will do

    def ready(self, seconds: float = 0.0) -> bool:
        """Whether something can be read, at once or within some seconds."""
        poll = select.poll()
        poll.register(self.receive.fileno(), select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def depth(self) -> int:
        """The bytes that wait here, about."""
        try:
            unread = struct.unpack("i", fcntl.ioctl(self.receive.fileno(), termios.FIONREAD, bytes(4)))[0]
        except (OSError, ValueError):  # it is closed
            return 0
        return unread + self.arena.taken()

    def take(self) -> tuple[int, list[Any] | None]:
        """The next batch as (channel, items); None for the items where a producer says it is done with the channel."""
        channel, items, _ = self.next()
        assert not isinstance(items, Packed)
        return channel, items

    def next(self, arrived: Callable[[], Any] = bool, packed: bool = False,
             ) -> tuple[int, list[Any] | Packed | None, Head | None]:
        """The next batch as (channel, items, their places on a channel that has them); None for the items where a
        producer says it is done with the channel. `arrived` is called before it is unpacked. Where it has places, all
        of it may be given as it came, `packed`."""
        kind, channel, length, at = _HEAD.unpack(self._read([_HEAD.size])[0])
        arrived()
        if kind == _END:
            return channel, None, None
        if kind == _ALL_THERE:
            head = self.arena.peek(at, length)
            beside, places = sizes(head), places_of(head)
            if beside:
                return channel, unpack_parcel(head, self.arena.view(at, [length, *beside])[1:]), places
            items = bytes(head) if packed and places is not None else unpack_parcel(head)
            self.arena.free(at, [length])
            return channel, items, places
        if kind == _STORED:
            assert self.store is not None
            head = self.store.head(at, length)
            return channel, unpack_parcel(head, self.store.view(at + padded(length), sizes(head))), None
        (head,) = self._read([length])
        beside, places = sizes(head), places_of(head)
        if packed and places is not None and not beside:
            return channel, head, places
        buffers = [] if not beside else self._read(beside) if kind == _HERE else self.arena.view(at, beside)
        return channel, unpack_parcel(head, buffers), places

    def _read(self, lengths: list[int]) -> list[bytearray]:
        made = [bytearray(length) for length in lengths]
        left, fd = [memoryview(buffer) for buffer in made if buffer], self.receive.fileno()
        while left:
            got = os.readv(fd, left[:_PARTS])
            if not got:
                raise EOFError("every producer of this inbox is gone")
            left = _after(left, got)
        return made

    def put(self, channel: int, parcel: Parcel | None) -> None:
        """Write one parcel, or (None) the end of a producer's items; waits while the pipe is full."""
        if parcel is None:
            with self.lock:
                return self._write([_HEAD.pack(_END, channel, 0, 0)])
        with self.lock:
            self._put(channel, parcel)

    def drop(self) -> bool:
        """Take the next batch and forget it; tells whether it was an end."""
        kind, _, length, at = _HEAD.unpack(self._read([_HEAD.size])[0])
        if kind in (_HERE, _BUFFERS_THERE):
            (head,) = self._read([length])
            if kind == _HERE:
                self._read(sizes(head))
            else:
                self.arena.free(at, sizes(head))
        elif kind == _ALL_THERE:
            self.arena.free(at, [length, *sizes(self.arena.peek(at, length))])
        return kind == _END

    def put_stored(self, channel: int, length: int, at: int) -> None:
        """Write that a parcel with a head of so many bytes lies in the store."""
        with self.lock:
            self._write([_HEAD.pack(_STORED, channel, length, at)])

    def offer(self, channel: int, parcel: Parcel) -> bool:
        """Write one parcel if that needs no waiting; tells whether it was written."""
        if not self.lock.acquire(block=False):
            return False
        try:
            return self._put(channel, parcel, wait=False)
        finally:
            self.lock.release()

    def _put(self, channel: int, parcel: Parcel, wait: bool = True) -> bool:
        large, length = len(parcel.head) >= _LARGE, len(parcel.head)
        there = (parcel.head, *parcel.buffers) if large else parcel.buffers
        at = self.arena.place(there, wait) if there else None
        if at is None:
            parts = [_HEAD.pack(_HERE, channel, length, 0), parcel.head, *parcel.buffers]
        elif large:
            parts = [_HEAD.pack(_ALL_THERE, channel, length, at)]
        else:
            parts = [_HEAD.pack(_BUFFERS_THERE, channel, length, at), parcel.head]
        if not wait and not self._has_room(sum(memoryview(part).nbytes for part in parts)):
            if at is not None:
                self.arena.free(at, [memoryview(part).nbytes for part in there])
            return False
        self._write(parts)
        return True

    def _has_room(self, size: int) -> bool:
        """Whether so many bytes can be written without waiting. To be called with the lock."""
        fd = self.send.fileno()
        if size <= select.PIPE_BUF:
            poll = select.poll()
            poll.register(fd, select.POLLOUT)
            return bool(poll.poll(0))
        try:
            capacity = fcntl.fcntl(fd, getattr(fcntl, "F_GETPIPE_SZ", 1032))
        except OSError:
            return False  # nobody can tell
        unread = struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, bytes(4)))[0]
        # Of pages that are written one after another, two and two are more than half full.
        return size + 2 * unread + 4 * mmap.PAGESIZE <= capacity

    def _write(self, parts: list[Any]) -> None:
        left, fd = [memoryview(part) for part in parts], self.send.fileno()
        while left:
            left = _after(left, os.writev(fd, left[:_PARTS]))


def _after(parts: list[memoryview], done: int) -> list[memoryview]:
    """What is left of some parts when so many of their bytes are done."""
    for position, part in enumerate(parts):
        if done < part.nbytes:
            return [part[done:], *parts[position + 1 :]]
        done -= part.nbytes
    return []
