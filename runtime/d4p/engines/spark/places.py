"""Places on Spark: batches have keys by which a shuffle sorts them, and a task puts together what was cut apart.

What brings places is cut where a run ends, so a key is (instance, channel, phase, number of the run and of the batch
within it); the head of a batch says the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from d4p.engines.channels.parcels import places_of
from d4p.items.packing import headed
from d4p.places.marks import Head, Marks, Numbers
from d4p.places.place import Frontier, Place, Way

#: A way, a place, a producer, and the numbers that its items have, with these.
_Part = tuple[Way, Place, int, Numbers, list[Any]]
#: Batches of one run from one instance to another at most, as a power of two.
_PIECES = 20


def by_run(marks: Marks, lane: int) -> Iterator[tuple[tuple[int, int], Head, list[Any]]]:
    """What waits on a lane as ((phase, run), head, items), those of a run together."""
    head, items = marks.cut(lane)
    start = 0
    for key, group in groupby(head.runs, lambda run: (run.place[0], run.place[1] if len(run.place) > 1 else 0)):
        runs = tuple(group)
        count = sum(run.count for run in runs)
        yield key, Head(head.producer, Frontier(), runs), items[start : start + count]
        start += count


class Sequence:
    """The last part of the keys of a lane's batches."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None
        self._piece = 0

    def next(self, key: tuple[int, int]) -> int:
        """That of the next batch, of a phase and a run."""
        self._piece = self._piece + 1 if key == self._last else 0
        self._last = key
        return (key[1] << _PIECES) + min(self._piece, (1 << _PIECES) - 1)


def with_head(head: Head, batch: bytes) -> bytes:
    """A packed batch that says which places its items have."""
    return headed(head.packed(), batch)


def in_order(arriving: Iterable[tuple[int, Any]], unpacked: Callable[[Any], list[Any]],
             ) -> Iterator[tuple[int, tuple[Way, Place, Numbers] | None, Any]]:
    """What arrives, sorted by its keys, as (channel, where it stands, items); as (channel, None, batch) where it brings
    no places."""
    waiting: list[_Part] = []
    key: tuple[int, Place] | None = None
    for channel, batch in arriving:
        head = places_of(batch) if isinstance(batch, (bytes, memoryview)) else None
        mine = (channel, head.runs[0].place) if head else None
        if waiting and key is not None and mine != key:
            yield from _together(key[0], waiting)
            waiting = []
        key = mine
        if head is None:
            yield channel, None, batch
            continue
        for run, items in head.parts(unpacked(batch)):
            if run.numbers:  # others of the same run may come from other instances
                waiting.append((run.way, run.place, head.producer, run.numbers, items))
            else:
                yield channel, ((channel, *run.way), run.place, ()), items
    if waiting and key is not None:
        yield from _together(key[0], waiting)


def _together(channel: int, waiting: list[_Part]) -> Iterator[tuple[int, tuple[Way, Place, Numbers], list[Any]]]:
    waiting.sort(key=lambda part: part[:3])  # and what is of one place and one instance stays as it came
    for (way, place), group in groupby(waiting, lambda part: part[:2]):
        parts = list(group)
        numbers = [number for part in parts for number in part[3]]
        items = [item for part in parts for item in part[4]]
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        yield channel, ((channel, *way), place, [numbers[i] for i in order]), [items[i] for i in order]
