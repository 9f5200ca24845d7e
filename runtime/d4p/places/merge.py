"""The consumer's side: what comes from several producers is taken in the order of its places.

It always takes what arrives, so that no producer waits for another: what isn't its turn yet is held, in memory first,
then on disk. The awaited item is therefore always on its way, or at work with a producer that nothing keeps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from d4p.places.held import Held
from d4p.places.marks import Head
from d4p.places.place import ENDED, NEVER, Frontier, Place, Way

#: A channel, a way, a place, and the items of that place that come one after the other.
Segment = tuple[int, Way, Place, list[Any]]


class _Producer:
    """What has come from one producer on a channel, and isn't taken yet."""

    def __init__(self, held: Held) -> None:
        self.frontier = Frontier()
        self._held = held
        self.waiting: dict[Way, deque[tuple[Place, Any]]] = {}

    def put(self, way: Way, place: Place, items: list[Any]) -> None:
        self.waiting.setdefault(way, deque()).append((place, self._held.put(items)))

    def bound(self, way: Way) -> Place:
        """Before which place nothing more is to be taken."""
        waiting = self.waiting.get(way)
        return waiting[0][0] if waiting else self.frontier.of(way)

    @property
    def phase(self) -> int:
        return min([self.frontier.phase, *(waiting[0][0][0] for waiting in self.waiting.values() if waiting)])

    def take(self, way: Way) -> tuple[Place, list[Any]]:
        place, items = self.waiting[way].popleft()
        return place, self._held.get(items)


class Merge:
    """Puts together what an instance is sent.

    Args:
        producers: how many instances send on each channel with places.
        folder: where what is held lies on disk where that is much.
    """

    def __init__(self, producers: Mapping[int, int], folder: str) -> None:
        self._held = Held(folder)
        self._channels = {channel: [_Producer(self._held) for _ in range(count)]
                          for channel, count in producers.items()}
        self._ways: dict[int, list[Way]] = {channel: [] for channel in producers}

    @property
    def channels(self) -> Iterable[int]:
        """The channels with places."""
        return self._channels

    def put(self, channel: int, head: Head, items: list[Any]) -> None:
        """Take a batch in."""
        producer = self._channels[channel][head.producer]
        for way, place, some in head.split(items):
            if way not in self._ways[channel]:
                self._ways[channel].append(way)
            producer.put(way, place, some)
        producer.frontier = head.frontier

    def take(self) -> Iterator[Segment]:
        """What is in turn."""
        found = True
        while found:
            found = False
            phase = self._phase()
            for channel, ways in self._ways.items():
                for way in ways:
                    for segment in self._in_turn(channel, way, phase):
                        found = True
                        yield segment

    def _in_turn(self, channel: int, way: Way, phase: int) -> Iterator[Segment]:
        producers = self._channels[channel]
        while True:
            bounds = [(producer.bound(way), number) for number, producer in enumerate(producers)]
            first = min(bounds)
            place, number = first
            producer = producers[number]
            if not producer.waiting.get(way) or place[0] > phase:
                return
            bounds[number] = ((NEVER,), number)
            next_one = min(bounds)
            waiting = producer.waiting[way]
            while waiting and (waiting[0][0], number) < next_one and waiting[0][0][0] <= phase:
                yield channel, way, *producer.take(way)

    def _phase(self) -> int:
        return min((producer.phase for producers in self._channels.values() for producer in producers), default=NEVER)

    def frontier(self, channel: int) -> Frontier:
        """Before which place nothing more is to be taken from a channel."""
        producers = self._channels[channel]
        least = min((producer.frontier.least for producer in producers), default=ENDED.least)
        ways = {way: min(producer.bound(way) for producer in producers) for way in self._ways[channel]}
        said = {way for producer in producers for way in producer.frontier.ways}
        return Frontier(least, ways | {way: min(p.bound(way) for p in producers) for way in said - set(ways)})

    def close(self) -> None:
        """Forget what is held."""
        self._held.close()
