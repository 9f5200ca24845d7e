"""Where the time goes of instances that call one another, an item at a time: of many short calls some are timed."""

from __future__ import annotations

from collections import defaultdict

from d4p.stage.figures import Clock
from d4p.stage.outlet import Lanes

#: The first calls are timed, and those of which the last timed one took so many seconds; of others one in so many.
_FIRST, _LONG, _EVERY = 100, 50e-6, 61


class Sampled:
    """The seconds that producers pack, and that consumers work for them, on one channel of one producer's instance.

    Args:
        lanes: of the channel; they have the producer's clock.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._packing: dict[str, float] = defaultdict(float)  # by what the producer is at
        self._blocked: dict[str, float] = defaultdict(float)
        self._working: dict[int, tuple[Clock, float]] = {}  # of the consumers
        self._last = 0

    def next(self, count: int, seconds: float) -> int:
        """Which call is timed next, after call number `count`, which was, and took so long."""
        return count + (1 if count < _FIRST or seconds > _LONG else _EVERY)

    def weight(self, count: int) -> int:
        """For how many calls number `count` stands, which is timed."""
        weight, self._last = count - self._last, count
        return weight

    def packed(self, seconds: float) -> None:
        """The producer has packed for so long."""
        self._packing[self._part] += seconds

    def worked(self, consumer: Clock, seconds: float) -> None:
        """A consumer has worked for so long, while the producer waited for it."""
        self._blocked[self._part] += seconds
        _, before = self._working.get(id(consumer), (consumer, 0.0))
        self._working[id(consumer)] = consumer, before + seconds

    @property
    def _part(self) -> str:
        """What the producer is at; where somebody calls it, and so its own clock says waiting, it works."""
        part = self._lanes.clock.part
        return part if part != "waiting" else "working"

    def give_consumers(self) -> None:
        """Let their clocks have it."""
        for consumer, seconds in self._working.values():
            _move(consumer, seconds, "waiting", "working")

    def give_producer(self) -> None:
        """Let its clock have it, once it has its own share of what called it."""
        for dest, found in (("packing", self._packing), ("blocked", self._blocked)):
            for part, seconds in found.items():
                _move(self._lanes.clock, seconds, part, dest)


def share_out(channels: list[Sampled]) -> None:
    """Let all clocks have what is theirs, once all is done."""
    for each in channels:
        each.give_consumers()
    for each in channels:
        each.give_producer()


def _move(clock: Clock, seconds: float, source: str, dest: str) -> None:
    """As much as there is: what is timed of few stands for many."""
    clock.move(min(seconds, max(0.0, clock.seconds[source])), source, dest)
