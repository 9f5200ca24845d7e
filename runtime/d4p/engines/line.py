"""What edges lead back stands in line: first in, first out, over all of them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from d4p.describe.failure import pack_for
from d4p.engines.channels.backlog import Backlog
from d4p.items.packing import unpack

_WHERE = struct.Struct("<II")
#: Items that one after another go the same way are packed together: so many, fewer where they are large.
_BATCH, _BATCH_BYTES = 512, 256 << 10


class Line:
    """Items for instances of consumers, of any length: what memory shouldn't hold waits on disk.

    Args:
        folder: where it may write.
    """

    def __init__(self, folder: str | Path) -> None:
        self._backlog = Backlog(folder)
        self._last: list[Any] = []  # not packed yet: the end of the line
        self._way, self._edge, self._most = (0, 0), "", 1

    def __bool__(self) -> bool:
        return bool(self._last) or len(self._backlog) > 0

    def put(self, channel: int, dest: int, edge: str, items: list[Any]) -> None:
        """Put some items at the end, for instance `dest` of a channel's consumer. Raises PeFailed naming the edge if
        items that were put can't be pickled."""
        if (channel, dest) != self._way or len(self._last) >= self._most:
            self._pack()
            self._way, self._edge = (channel, dest), edge
        self._last += items

    def get(self) -> tuple[int, int, list[Any]]:
        """(channel, instance, items), the first of the line. Raises IndexError if it is empty."""
        if not self._backlog:
            self._pack()
        where, blob = self._backlog.get()
        return (*_WHERE.unpack(where), unpack(blob))

    def _pack(self) -> None:
        if self._last:
            blob, count = pack_for(self._edge, self._last), len(self._last)
            self._last.clear()
            self._backlog.put(_WHERE.pack(*self._way), blob)
            self._most = max(1, min(_BATCH, 2 * count, _BATCH_BYTES * count // max(1, len(blob))))
