"""Files of this machine that are written side by side, in any number: where they are more than a process should have
open, those that nobody wrote to lately are closed, and opened again once somebody does."""

from __future__ import annotations

import io
import os
import resource
from collections import OrderedDict
from typing import Any

from d4p.host import forks

#: Of the files that the system lets this process have open, one in so many; never fewer than the least.
_SHARE, _LEAST = 2, 16
_open: OrderedDict[Appended, None] = OrderedDict()  # the least lately written to first


class Appended(io.RawIOBase):
    """A new file, which must be no link; nothing is buffered."""

    def __init__(self, path: str) -> None:
        forks.check()
        self._path, self._number = path, -1
        self._reopen(os.O_CREAT | os.O_EXCL)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._number < 0:
            self._reopen()
        _open[self] = None
        _open.move_to_end(self)
        return self._number

    def write(self, data: Any) -> int:
        forks.check()
        return os.write(self.fileno(), data)

    def put(self, data: bytes) -> None:
        """Write all of it."""
        left = memoryview(data)
        while left:
            left = left[self.write(left) :]

    def sync(self) -> None:
        """What was written is on the disk. May be called by a thread for each file, once nobody writes any more."""
        if self._number >= 0:
            os.fsync(self._number)
            return
        number = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fsync(number)
        finally:
            os.close(number)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._rest()

    def _reopen(self, more: int = 0) -> None:
        while len(_open) >= _most():
            next(iter(_open))._rest()
        self._number = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | more, 0o666)
        _open[self] = None

    def _rest(self) -> None:
        number, self._number = self._number, -1
        _open.pop(self, None)
        if number >= 0:
            os.close(number)


def _most() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(_LEAST, soft // _SHARE) if soft != resource.RLIM_INFINITY else 1 << 30
