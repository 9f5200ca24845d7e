"""Memory for parcels that several instances need and keep: each lies there once, and nobody copies it again.

It is one file without a name, so it is gone with the last process however that one ends. It only grows: what is in it
stays until the run ends, as the tiles of all pairs need it.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
from collections.abc import Iterable
from multiprocessing.reduction import DupFd
from typing import Any

from d4p.engines.processes.counter import Counter
from d4p.host.scratch import unnamed

_ALIGN = 64
#: So much of the file is mapped at once: each mapping costs a call, and its pages are found anew.
_WINDOW = 64 << 20


class Store:
    """The file, as something that goes to a process that is started."""

    def __init__(self, context: Any) -> None:
        self.fd, self._size = unnamed("pairs"), Counter(context)
        self._windows: dict[int, memoryview] = {}

    def __getstate__(self) -> tuple[Any, Any]:
        return DupFd(self.fd), self._size

    def __setstate__(self, state: tuple[Any, Any]) -> None:
        self.fd, self._size = state[0].detach(), state[1]
        self._windows = {}

    def place(self, parts: Iterable[bytes | memoryview]) -> int:
        """Copy parts into it; gives where they begin. Raises OSError where there is no room."""
        views = [memoryview(part).cast("B") for part in parts]
        start = at = self._size.add(sum(map(padded, map(len, views))))
        for view in views:
            written = 0
            while written < len(view):
                written += os.pwrite(self.fd, view[written:], start + written)
            start += padded(len(view))
        return at

    def head(self, at: int, size: int) -> bytes:
        """The first bytes of what lies at a place."""
        return os.pread(self.fd, size, at)

    def view(self, at: int, sizes: list[int]) -> list[memoryview]:
        """Parts of so many bytes from a place on, to be read. They stay mapped until the process ends."""
        if not sizes:
            return []
        window, start = divmod(at, _WINDOW)
        length = sum(map(padded, sizes))
        if start + length > _WINDOW:  # it goes on in the next one
            before = at % mmap.ALLOCATIONGRANULARITY
            mapped, start = self._map(at - before, before + length), before
        else:
            if window not in self._windows:  # may be longer than the file is by now: what lies there is read later
                self._windows[window] = self._map(window * _WINDOW, _WINDOW)
            mapped = self._windows[window]
        views = []
        for size in sizes:
            views.append(mapped[start : start + size])
            start += padded(size)
        return views

    def _map(self, at: int, length: int) -> memoryview:
        # Not Python's mmap, which takes a file descriptor for each, of which there may be few.
        where = _libc().mmap(None, length, mmap.PROT_READ, mmap.MAP_SHARED, self.fd, at)
        if where == ctypes.c_void_p(-1).value:
            raise OSError(ctypes.get_errno(), f"can't map {length:,} bytes of what is to be paired")
        return memoryview((ctypes.c_ubyte * length).from_address(where)).cast("B").toreadonly()

    def close(self) -> None:
        """Close it here: what is mapped stays."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1
        self._size.close()


def padded(size: int) -> int:
    return size + -size % _ALIGN


@functools.cache
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64]
    return libc
