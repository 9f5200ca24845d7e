"""Calls that must not nest without bound: a chain of a thousand PEs that write is no deeper than one of forty."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

#: So many calls may nest before items are queued instead.
NESTED = 40
#: Python frames that so many calls may take, each some dozens of frames deep.
FRAMES = 10_000


class Trampoline:
    """Shared by functions that call one another: too deep, an item is queued until the outermost call is back.

    Items are taken in the order in which calls alone would take them: once something is queued, everything behind it is
    queued as well, and what is queued while a queued item is taken goes before what was queued behind that.
    """

    def __init__(self) -> None:
        self._queue: deque[tuple[Callable[[Any], None], Any]] = deque()
        self._nested = 0

    def bounded(self, take: Callable[[Any], None]) -> Callable[[Any], None]:
        """`take`, bounded in depth."""

        def guarded(item: Any) -> None:
            if self._queue or self._nested >= NESTED:
                self._queue.append((take, item))
                return
            self._nested += 1
            try:
                take(item)
                if self._nested == 1 and self._queue:
                    self._take_queued()
            finally:
                self._nested -= 1

        return guarded

    def _take_queued(self) -> None:
        waiting = [self._queue]  # the last is taken from first
        while waiting:
            take, item = waiting[-1].popleft()
            if not waiting[-1]:
                waiting.pop()
            self._queue = deque()
            take(item)
            if self._queue:
                waiting.append(self._queue)
        self._queue = deque()
