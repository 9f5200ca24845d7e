"""What instances tell those who deal to them: how much they have done, and which runs are to wait.

It is numbers in memory that all processes of a run share. Each has one instance that writes it, and whoever needs it
looks; so nobody waits for a lock, and nothing is said that nobody wants to know.
"""

from __future__ import annotations

import mmap
import os
from multiprocessing.reduction import DupFd
from typing import Any

from d4p.host.scratch import unnamed

_SIZE = 8  # bytes of a number


class Board:
    """The file that the numbers lie in, without a name, and gone with the last process. A row of it is a channel's."""

    def __init__(self) -> None:
        self.fd, self._length = unnamed("board"), 0
        self._map: mmap.mmap | None = None

    def __getstate__(self) -> tuple[Any, int]:
        return DupFd(self.fd), self._length

    def __setstate__(self, state: tuple[Any, int]) -> None:
        self.fd, self._length, self._map = state[0].detach(), state[1], None

    def row(self, context: Any, consumers: int, merges: int) -> Row:
        """A new row, to be made before the first is used.

        Args:
            context: of multiprocessing.
            consumers: how many instances say what they have done.
            merges: how many say from where on they want nothing yet.
        """
        start, self._length = self._length, self._length + 1 + 2 * consumers + merges
        return Row(self, start, consumers, merges, context.Semaphore(0) if consumers else None)

    def numbers(self) -> memoryview:
        """All of them, mapped where they are first used."""
        if self._map is None:
            os.ftruncate(self.fd, self._length * _SIZE)
            self._map = mmap.mmap(self.fd, self._length * _SIZE)
        return memoryview(self._map).cast("Q")

    def close(self) -> None:
        """Close it here."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


class Row:
    """The numbers of a channel: whether its dealer waits, what each consumer has done and how long that took, and of
    each merge the run that it awaits, plus one, where it holds much that comes later."""

    def __init__(self, board: Board, start: int, consumers: int, merges: int, done: Any) -> None:
        self._board, self._done = board, done
        self._waits, self._consumers, self._worked = start, start + 1, start + 1 + consumers
        self._merges = self._worked + consumers
        self._end = self._merges + merges
        self._numbers: memoryview | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_numbers": None}

    @property
    def _all(self) -> memoryview:
        if self._numbers is None:
            self._numbers = self._board.numbers()
        return self._numbers

    @property
    def shared(self) -> bool:
        """Whether its consumers say what they have done."""
        return self._merges > self._consumers

    # A consumer's side

    def took(self, consumer: int, items: int, nanoseconds: int) -> None:
        """So many items more are done, which took so long."""
        numbers = self._all
        numbers[self._worked + consumer] += nanoseconds
        numbers[self._consumers + consumer] += items
        if numbers[self._waits]:
            numbers[self._waits] = 0
            self._done.release()

    # A dealer's side

    def done(self) -> tuple[list[int], list[int]]:
        """The items that each consumer has done, and the nanoseconds that took it."""
        numbers = self._all
        return numbers[self._consumers : self._worked].tolist(), numbers[self._worked : self._merges].tolist()

    def expect(self) -> None:
        """From now on whoever does something ends a `wait`."""
        self._all[self._waits] = 1

    def wait(self, seconds: float) -> None:
        """Wait until a consumer has done something since `expect`, or for some seconds."""
        self._done.acquire(timeout=seconds)

    def awaited(self) -> int | None:
        """The first run that a merge awaits which holds much."""
        found = [number for number in self._all[self._merges : self._end].tolist() if number]
        return min(found) - 1 if found else None

    # A merge's side

    def hold(self, merge: int, awaited: int | None) -> None:
        """A merge holds much, and awaits this run; None where it doesn't."""
        self._all[self._merges + merge] = 0 if awaited is None else awaited + 1


class Held:
    """What a merge says to the dealers of what it holds."""

    def __init__(self, merge: int, rows: dict[int, Row]) -> None:
        self._merge, self._rows = merge, rows
        self._told: dict[int, int] = {}

    def tell(self, behind: dict[int, int]) -> None:
        """Tell what `Merge.behind` gives."""
        if behind == self._told:
            return
        for channel in self._told.keys() | behind:
            if channel in self._rows:
                self._rows[channel].hold(self._merge, behind.get(channel))
        self._told = behind
