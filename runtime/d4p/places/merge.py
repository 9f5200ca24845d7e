"""The consumer's side: what comes from several producers is taken in the order of its places.

It always takes what arrives, so that no producer waits for another: what isn't its turn yet is held, in memory first,
then on disk. The awaited item is therefore always on its way, or at work with a producer that nothing keeps.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from heapq import heapify, heapreplace
from itertools import islice
from typing import Any, NamedTuple

from d4p.items.packing import unpack
from d4p.places import held as limits
from d4p.places.held import Held, Kept, Packed, Unpack
from d4p.places.marks import Head, Numbers
from d4p.places.place import ENDED, Frontier, Place, Way
from d4p.places.unplaced import ITEMS, NEVER

#: A channel, a way, a place, the numbers that the items have behind it, if any, and the items, which come one after the
#: other.
Segment = tuple[int, Way, Place, Numbers, list[Any]]

#: So many items of a producer are put together with those of others at a time, about.
_TOGETHER = 4096


class _Part(NamedTuple):
    """Items that wait, of one run: in order, and all of one place, or with numbers behind it. They are `count` of those
    that are `kept`, from `start` on."""

    first: Place  # with the first number
    place: Place
    numbers: Numbers
    kept: Kept
    start: int
    count: int

    def before(self, bound: Place, at_it: bool = False) -> int:
        """How many of its numbers are before a bound, or `at_it`."""
        depth = len(self.place)
        if bound[:depth] != self.place:
            return len(self.numbers) if self.place < bound else 0
        return (bisect_right if at_it else bisect_left)(self.numbers, bound[depth]) if len(bound) > depth else 0


def _part(place: Place, numbers: Numbers, kept: Kept, start: int, count: int) -> _Part:
    return _Part((*place, numbers[0]) if numbers else place, place, numbers, kept, start, count)


def _of_one_run(waiting: Iterable[_Part], place: Place) -> int:
    """How many parts with numbers, of the first that wait, are of one run, with as many items as are put together."""
    parts = items = 0
    for part in waiting:
        if part.place != place or not part.numbers or items >= _TOGETHER:
            break
        parts += 1
        items += len(part.numbers)
    return parts


class _Producer:
    """What has come from one producer on a channel, and isn't taken yet."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.waiting: dict[Way, deque[_Part]] = {}

    def put(self, way: Way, part: _Part) -> None:
        self.waiting.setdefault(way, deque()).append(part)

    def bound(self, way: Way) -> Place:
        """Before which place nothing more is to be taken."""
        waiting = self.waiting.get(way)
        return waiting[0].first if waiting else self.frontier.of(way)

    @property
    def phase(self) -> int:
        phase = self.frontier.phase
        for waiting in self.waiting.values():
            if waiting and waiting[0].place[0] < phase:
                phase = waiting[0].place[0]
        return phase


class Straight:
    """What a `Merge` does where all comes from one instance, over one channel: it is in turn as it comes."""

    holds = packed = False

    def __init__(self, channel: int) -> None:
        self.channels: Iterable[int] = (channel,)
        self._came: list[Segment] = []
        self._frontier = Frontier()

    def put(self, channel: int, head: Head, items: list[Any]) -> None:
        """Take a batch in."""
        self._came += [(channel, run.way, run.place, run.numbers, some) for run, some in head.parts(items)]
        self._frontier = head.frontier

    def take(self) -> Iterator[Segment]:
        """What is in turn."""
        came, self._came = self._came, []
        return iter(came)

    def frontier(self, channel: int) -> Frontier:
        """Before which place nothing more is to come."""
        return self._frontier

    def behind(self) -> dict[int, int]:
        """`Merge.behind`: nothing waits."""
        return {}


class Merge:
    """Puts together what an instance is sent.

    Args:
        producers: how many instances send on each channel with places.
        folder: where what is held lies on disk where that is much.
        much: of what is dealt on one channel so many bytes may wait for a run before the dealer is to pause.
        unpack: makes items of a batch that is put packed.
    """

    packed = True  # batches had better be put as they came

    def __init__(self, producers: Mapping[int, int], folder: str, much: int | None = None,
                 unpack: Unpack = unpack) -> None:
        self._held, self._much = Held(folder, unpack=unpack), limits.MUCH if much is None else much
        self._unpack = unpack
        self._bytes: Counter[tuple[int, Way]] = Counter()  # that wait, by where they came
        self._channels = {channel: [_Producer() for _ in range(count)] for channel, count in producers.items()}
        self._ways: dict[int, list[Way]] = {channel: [] for channel in producers}

    @property
    def channels(self) -> Iterable[int]:
        """The channels with places."""
        return self._channels

    @property
    def holds(self) -> bool:
        """Whether anything waits for its turn."""
        return self._held.count > 0

    def put(self, channel: int, head: Head, items: list[Any] | Packed) -> None:
        """Take a batch in."""
        producer = self._channels[channel][head.producer]
        ways = {run.way for run in head.runs}
        for way in ways.difference(self._ways[channel]):
            self._ways[channel].append(way)
        if not isinstance(items, list) and len(ways) == 1:  # or items of one way would be here for another's sake
            self._put_packed(channel, producer, head, items)
        elif ways:
            for run, some in head.parts(items if isinstance(items, list) else self._unpack(items)):
                kept = self._held.put(some)
                self._bytes[channel, run.way] += kept.size
                producer.put(run.way, _part(run.place, run.numbers, kept, 0, run.count))
        producer.frontier = head.frontier

    def _put_packed(self, channel: int, producer: _Producer, head: Head, packed: Packed) -> None:
        kept, start = self._held.put_packed(packed, len(head.runs)), 0
        self._bytes[channel, head.runs[0].way] += kept.size
        for run in head.runs:
            producer.put(run.way, _part(run.place, run.numbers, kept, start, run.count))
            start += run.count

    def take(self) -> Iterator[Segment]:
        """What is in turn."""
        before, phase = None, self._phase()
        while phase != before:
            for channel, ways in self._ways.items():
                for way in ways:
                    yield from self._in_turn(channel, way, phase)
            before, phase = phase, self._phase()

    def _in_turn(self, channel: int, way: Way, phase: int) -> Iterator[Segment]:
        producers = self._channels[channel]
        bounds: list[tuple[Place, int]] = []  # a heap
        while True:
            if not bounds:
                bounds = [(producer.bound(way), number) for number, producer in enumerate(producers)]
                heapify(bounds)
            place, number = bounds[0]
            waiting = producers[number].waiting.get(way)
            if not waiting or place[0] > phase:
                return
            next_one = min(bounds[1:3], default=((NEVER,), number))  # the second of a heap is one of these
            while waiting and waiting[0].place[0] <= phase and (waiting[0].first, number) < next_one:
                part = waiting[0]
                place, numbers = part.place, part.numbers
                count = part.before(next_one[0], number < next_one[1]) if numbers else 0
                if count < len(numbers) and (several := self._together(channel, way, place)):
                    bounds = []
                    yield channel, way, place, *several
                    break
                yield channel, way, place, *self._taken(channel, way, waiting, count)
            if bounds:
                heapreplace(bounds, (producers[number].bound(way), number))

    def _taken(self, channel: int, way: Way, waiting: deque[_Part], count: int) -> tuple[Numbers, list[Any]]:
        """The first part of a producer's, or so many items of it where it has numbers, with these."""
        _, place, numbers, kept, start, of = waiting.popleft()
        items = self._held.get(kept)
        if not kept.parts:
            self._bytes[channel, way] -= kept.size
        if of < len(items):
            items = items[start : start + of]
        if count < len(numbers):
            rest = self._held.put(items[count:], here=True)
            self._bytes[channel, way] += rest.size
            waiting.appendleft(_part(place, numbers[count:], rest, 0, of - count))
        return (numbers[:count], items[:count]) if numbers else (numbers, items)

    def _together(self, channel: int, way: Way, place: Place) -> tuple[Numbers, list[Any]] | None:
        """What several producers have of one run, as far as all of it is there, or None where that isn't any; and not
        much more than `_TOGETHER` items of each."""
        parts, bound = [], (NEVER,)
        for producer in self._channels[channel]:
            waiting = producer.waiting.get(way, deque())
            count = _of_one_run(waiting, place)
            parts.append((waiting, count))
            if len(waiting) > count:
                its = waiting[count].first
            else:  # what it sends next isn't before what it sent last, whatever it has said
                its = producer.frontier.of(way)
                its = max(its, (*place, waiting[-1].numbers[-1])) if count else its
            bound = min(bound, its)
        numbers: list[int] = []
        items: list[Any] = []
        for waiting, count in parts:
            for part in list(islice(waiting, count)):
                if upto := part.before(bound):
                    some = self._taken(channel, way, waiting, upto)
                    numbers += some[0]
                    items += some[1]
        if not items:
            return None
        order = sorted(range(len(numbers)), key=numbers.__getitem__)  # of one number as the producers are
        return tuple(map(numbers.__getitem__, order)), list(map(items.__getitem__, order))

    def _phase(self) -> int:
        return min([producer.phase for producers in self._channels.values() for producer in producers], default=NEVER)

    def frontier(self, channel: int) -> Frontier:
        """Before which place nothing more is to be taken from a channel."""
        producers = self._channels[channel]
        least = min((producer.frontier.least for producer in producers), default=ENDED.least)
        ways = {way: min(producer.bound(way) for producer in producers) for way in self._ways[channel]}
        said = {way for producer in producers for way in producer.frontier.ways}
        return Frontier(least, ways | {way: min(p.bound(way) for p in producers) for way in said - set(ways)})

    def behind(self) -> dict[int, int]:
        """Where much waits: the channels that it was dealt on, and the number of the run that is awaited there.

        No later run should be dealt meanwhile, or what waits would be more and more. All that was dealt before is on
        its way here, and its producers need no more of the dealer to go on, as long as it says that it has dealt no
        more. What other dealers and `postprocess` send waits for no run of this one: each way has its own order.
        """
        found: dict[int, int] = {}
        for (channel, way), size in self._bytes.items():
            if size > self._much:
                dealt_on = way[-1] if way else channel
                awaited = min(producer.bound(way) for producer in self._channels[channel])
                number = 0 if awaited < (ITEMS,) else awaited[1] if awaited[0] == ITEMS and len(awaited) > 1 else NEVER
                found[dealt_on] = min(number, found.get(dealt_on, NEVER))
        return found


def merge_of(producers: Mapping[int, int], folder: str, unpack: Unpack = unpack) -> Merge | Straight | None:
    """What puts together what an instance is sent, None where nothing has places; for the arguments see `Merge`."""
    if list(producers.values()) == [1]:
        return Straight(*producers)
    return Merge(producers, folder, unpack=unpack) if producers else None
