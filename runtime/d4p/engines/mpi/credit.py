"""Credit: how many bytes a producer may have on their way to a consumer."""

from __future__ import annotations

import os

from d4p.engines.channels.backlog import Backlog

#: The bytes that may be on their way on one channel, over all pairs of its instances.
CHANNEL = 32 << 20
#: A pair of instances has so many at least.
LEAST = 64 << 10


def window(producers: int, consumers: int) -> int:
    """The bytes that one producer instance may have on their way to one consumer instance."""
    if given := os.environ.get("D4P_MPI_CREDIT"):
        return max(1, int(given) // (producers * consumers))
    return max(LEAST, CHANNEL // (producers * consumers))


class Lane:
    """A producer's side. There is room for a parcel of any size while less than half of the window is in use.

    What has left and what was taken are counted apart, each by one thread at a time. Where the channel leads back,
    `behind` holds what is to be sent when there is room.
    """

    __slots__ = ("_left", "_taken", "behind", "window")

    def __init__(self, window: int, behind: Backlog | None = None) -> None:
        self.window, self.behind = window, behind
        self._left = self._taken = 0

    @property
    def out(self) -> int:
        """The bytes on their way."""
        return self._left - self._taken

    @property
    def room(self) -> bool:
        return 2 * (self._left - self._taken) <= self.window

    def leaves(self, nbytes: int) -> int:
        """Note a parcel that leaves; says whether its credit is wanted back as soon as it was taken."""
        self._left += nbytes
        return not self.room

    def taken(self, nbytes: int) -> None:
        """Note that so many bytes were taken."""
        self._taken += nbytes


class Owed:
    """A consumer's side: what it has taken and not told the producer."""

    __slots__ = ("nbytes", "window")

    def __init__(self, window: int) -> None:
        self.window, self.nbytes = window, 0

    def took(self, nbytes: int, wanted: int) -> int:
        """Note a parcel that was taken; gives the bytes to tell of now."""
        self.nbytes += nbytes
        if not wanted and 4 * self.nbytes < self.window:
            return 0
        credit, self.nbytes = self.nbytes, 0
        return credit
