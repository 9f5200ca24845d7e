"""Memory that all processes of a run share: what large buffers travel in, copied once, by the producer.

It is one file without a name, so it is gone with the last process however that one ends. Each inbox has a section of
it: a byte for each granule says whether that is taken, and a producer (one at a time) looks for free ones. What the
consumer makes of a region is the region itself; when the last object that refers to it is gone, it is free again.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
import weakref
from multiprocessing.reduction import DupFd
from typing import Any

from d4p.host.scratch import unnamed

GRANULE = 64 << 10
#: What an inbox may hold of regions, and how large a region beyond that may be: of those there is one at a time.
QUOTA, SECTION = 32 << 20, 256 << 20
#: How long a producer waits for room before it sends buffers through the pipe, which waits as long as need be.
_PATIENCE = 0.05
_ALIGN = 64
_FIRST = 1  # granule 0 holds the table: a byte for each, and in its own byte whether somebody waits for room
_USUAL, _ALL = QUOTA // GRANULE, SECTION // GRANULE


class SharedFile:
    """The file, as something that goes to a process that is started: by fork, or by spawn as a file descriptor."""

    def __init__(self, sections: int) -> None:
        self.fd = unnamed("channels")
        try:
            os.ftruncate(self.fd, sections * SECTION)  # takes memory only where it is written
        except OSError:  # files may not be so large here (ulimit -f): all goes through pipes
            self.close()

    @property
    def usable(self) -> bool:
        """Whether there is one."""
        return self.fd >= 0

    def __getstate__(self) -> tuple[Any]:
        return (DupFd(self.fd) if self.usable else None,)

    def __setstate__(self, state: tuple[Any]) -> None:
        self.fd = state[0].detach() if state[0] is not None else -1

    def close(self) -> None:
        """Close it here: what is mapped stays."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


class Arena:
    """One inbox's section, mapped where it is first used.

    Args:
        file: the run's shared file.
        section: which one, from 0.
        room: a semaphore that the consumer releases when a region is free and a producer waits.
    """

    def __init__(self, file: SharedFile, section: int, room: Any) -> None:
        self.file, self.section, self.room = file, section, room
        self._map: mmap.mmap | None = None
        self._lent: dict[int, weakref.finalize] = {}
        self._hopeless = False  # whether the last wait for room was in vain

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_map": None, "_lent": {}}

    def _mapped(self) -> mmap.mmap:
        if self._map is None:
            self._map = mmap.mmap(self.file.fd, SECTION, offset=self.section * SECTION)
            if hasattr(os, "register_at_fork"):
                mine = weakref.ref(self)
                os.register_at_fork(before=lambda: (arena := mine()) and arena._keep_lent())
        return self._map

    def taken(self) -> int:
        """The bytes of regions that aren't free: on their way, or lent to what the consumer made of them."""
        return self._map[_FIRST:_ALL].count(1) * GRANULE if self._map is not None else 0

    # The producer's side; one producer at a time

    def place(self, parts: tuple[bytes | memoryview, ...], wait: bool = True) -> int | None:
        """Copy some parts into a region; gives the granule that it begins at, or None if there is no room for it."""
        sizes = [len(part) if isinstance(part, bytes) else part.nbytes for part in parts]
        at = self._claim(_granules(sizes), wait)
        if at is None:
            return None
        memory, start = self._mapped(), at * GRANULE
        for size, part in zip(sizes, parts, strict=True):
            memory[start : start + size] = part
            start += _padded(size)
        return at

    def _claim(self, granules: int, wait: bool) -> int | None:
        if granules > _ALL - _USUAL or not self.file.usable:
            return None
        at = self._find(granules)
        if wait:
            if at < 0 and not self._hopeless:
                at = self._wait(granules)
            self._hopeless = at < 0
        if at < 0:
            return None
        self._mapped()[at : at + granules] = b"\1" * granules
        return at

    def _find(self, granules: int) -> int:
        table = self._mapped()
        if granules <= _USUAL - _FIRST:
            return table.find(bytes(granules), _FIRST, _USUAL)
        return _USUAL if table.find(b"\1", _USUAL, _ALL) < 0 else -1

    def _wait(self, granules: int) -> int:
        table, until = self._mapped(), time.monotonic() + _PATIENCE
        while True:
            table[0] = 1
            at = self._find(granules)  # what became free before the consumer could see that somebody waits
            left = until - time.monotonic()
            if at >= 0 or left <= 0:
                table[0] = 0
                return at
            self.room.acquire(timeout=left)

    # The consumer's side

    def peek(self, at: int, size: int) -> memoryview:
        """The first bytes of a region: to be looked at, not to be kept."""
        return memoryview(self._mapped())[at * GRANULE : at * GRANULE + size]

    def view(self, at: int, sizes: list[int]) -> list[Any]:
        """The parts of a region, as writable memory. A consumer that keeps much gets copies instead.

        Args:
            at: the granule that it begins at.
            sizes: of all its parts, in bytes.
        """
        granules = _granules(sizes)
        memory = self._mapped()
        region = (ctypes.c_ubyte * (granules * GRANULE)).from_buffer(memory, at * GRANULE)
        self._lent[at] = weakref.finalize(region, self._free, at, granules)
        self._lent[at].atexit = False
        whole, start, views = memoryview(region).cast("B"), 0, []
        for size in sizes:
            views.append(whole[start : start + size])
            start += _padded(size)
        if at < _USUAL and memory[_FIRST:_USUAL].count(1) > _USUAL // 2:
            return [bytearray(view) for view in views]
        return views

    def free(self, at: int, sizes: list[int]) -> None:
        """Give back a region that was only looked at."""
        self._free(at, _granules(sizes))

    def _keep_lent(self) -> None:
        """A PE forks: its child may read on in what the parent is done with, so that is never free again."""
        for lent in list(self._lent.values()):
            lent.detach()
        self._lent.clear()

    def _free(self, at: int, granules: int) -> None:
        self._lent.pop(at, None)
        memory = self._mapped()
        if at >= _USUAL and hasattr(mmap, "MADV_REMOVE"):
            memory.madvise(mmap.MADV_REMOVE, at * GRANULE, granules * GRANULE)
        # One by one, each of which is written once: what copies several bytes may write the same ones twice, and what a
        # producer has taken in between would be free again.
        for granule in range(at, at + granules):
            memory[granule] = 0
        if memory[0]:
            memory[0] = 0
            self.room.release()


def _padded(size: int) -> int:
    return size + -size % _ALIGN


def _granules(sizes: list[int]) -> int:
    return -(-sum(map(_padded, sizes)) // GRANULE)
