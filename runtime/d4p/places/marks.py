"""The producer's side: which places the items have that wait on the lanes of a channel."""

from __future__ import annotations

import marshal
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from d4p.places.place import ITEMS, PREPROCESS, Frontier, Place, Way

#: Items in a run of a dealer that numbers them, whichever way they go.
RUN = 1024


@dataclass(frozen=True)
class Run:
    """Some consecutive items of a batch that have one place, or that place and one of the `numbers` each, which don't
    fall."""

    way: Way
    place: Place
    count: int
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Head:
    """What a batch on a channel with places begins with."""

    producer: int
    frontier: Frontier
    runs: tuple[Run, ...]

    def packed(self) -> bytes:
        """As bytes, for `loaded`."""
        runs = [(run.way, run.place, run.count, run.numbers) for run in self.runs]
        # Version 2 has no references, which depend on who else holds an object: a re-run task must give the same bytes.
        return marshal.dumps((self.producer, self.frontier.least, dict(self.frontier.ways), runs), 2)

    @classmethod
    def loaded(cls, packed: bytes) -> Head:
        """The head that was `packed`."""
        producer, least, ways, runs = marshal.loads(packed)
        return cls(producer, Frontier(least, ways), tuple(Run(*run) for run in runs))

    def parts(self, items: list[Any]) -> Iterator[tuple[Run, list[Any]]]:
        """The items of the batch by their runs."""
        start = 0
        for run in self.runs:
            yield run, items[start : start + run.count]
            start += run.count

    def split(self, items: list[Any]) -> list[tuple[Way, Place, list[Any]]]:
        """The items of the batch as (way, place, items of that place)."""
        found = []
        for run, some in self.parts(items):
            if run.numbers:
                found += [(run.way, (*run.place, number), [item])
                          for number, item in zip(run.numbers, some, strict=True)]
            else:
                found.append((run.way, run.place, some))
        return found


class Marks:
    """Notes the places of what is put on lanes.

    All that is put has the place that was given last; a thread may take what waits (`cut`) while another one puts and
    gives the next place.

    Args:
        producer: the instance that puts.
        held: the items that wait, by lane.
        numbered: each item has a number behind its place: how many were put before it at that place, on any lane.
        dealer: it gives places itself (`deal`), and they begin here; else it tells those of what it got (`at`).
    """

    def __init__(self, producer: int, held: list[list[Any]], numbered: bool = False, dealer: bool = False) -> None:
        self.producer, self._held, self.numbered, self.dealer = producer, held, numbered, dealer
        self.pause: Callable[[int], None] = lambda run: None  # a dealer calls it before a run of this number
        self._lock = threading.Lock()
        self._way: Way = ()
        self._place: Place = (ITEMS, 0) if dealer else (PREPROCESS,)
        self._left: dict[Way, tuple[Place, int]] = {}  # of ways, where their numbers go on
        self._next = 0
        self._step: int | None = None  # the number behind the place of what is put, where that is one of `steps`
        self._in_hand = True  # or else there is nothing now, and more of the place may come
        self._lane: int | None = None  # the one that runs are dealt to just now
        self._runs: list[list[Run]] = [[] for _ in held]
        self._marked = [0] * len(held)
        self._numbers: list[list[int]] = [[] for _ in held]
        self._frontier = Frontier(self._place[:1])
        self._told: list[Frontier | None] = [None] * len(held)

    @property
    def run(self) -> int:
        """The number of the run in hand."""
        return self._place[1] if len(self._place) > 1 else 0

    def at(self, way: Way, place: Place, frontier: Frontier) -> None:
        """What is put from now on has this place; `frontier` is that of what is in hand."""
        with self._lock:
            for lane in range(len(self._held)):
                self._mark(lane)
            if (way, place) != (self._way, self._place):
                self._left[self._way] = self._place, self._next
                before, number = self._left.get(way, (None, 0))
                self._way, self._place, self._next = way, place, number if before == place else 0
            self._frontier, self._in_hand, self._step = frontier, True, None

    def steps(self, way: Way, place: Place, frontier: Frontier, numbers: Iterable[int]) -> Iterator[None]:
        """What is put has this place and the first of some numbers behind it, and the next one with each `next`."""
        if self.numbered:
            for number in numbers:
                self.at(way, (*place, number), Frontier(frontier.least, {**frontier.ways, way: (*place, number)}))
                yield
            return
        self.at(way, place, frontier)
        lock, lanes = self._lock, range(len(self._held))
        for number in numbers:
            with lock:
                for lane in lanes:
                    if self._held[lane]:
                        self._note_step(lane)
                self._step = number
            yield

    def _note_step(self, lane: int) -> None:
        """What was put since the last number was given has that."""
        if self._step is not None:
            noted = self._numbers[lane]
            if more := len(self._held[lane]) - self._marked[lane] - len(noted):
                noted += [self._step] * more

    def deal(self, lane: int, number: int) -> None:
        """What is put from now on is a new run, with this number, for one lane alone."""
        with self._lock:
            if self._lane is not None:
                self._mark(self._lane)
            self._lane, self._place = lane, (ITEMS, number)
            self._frontier = Frontier(self._place)

    def number(self, lane: int) -> None:
        """Number the item that is put on a lane next."""
        if self.dealer and self._next == RUN:
            self._begin(self.run + 1)
            self.pause(self.run)
        self._numbers[lane].append(self._next)
        self._next += 1

    def _begin(self, run: int) -> None:
        with self._lock:
            for lane in range(len(self._held)):
                self._mark(lane)
            self._place, self._next = (ITEMS, run), 0

    def reached(self, frontier: Frontier) -> None:
        """Nothing more is to come before that; nothing is in hand."""
        with self._lock:
            for lane in range(len(self._held)):
                self._mark(lane)
            self._frontier, self._in_hand, self._step = frontier, False, None

    def news(self, lane: int) -> bool:
        """Whether something waits on a lane, or the frontier is further on than was said there."""
        return bool(self._held[lane]) or self._told[lane] != self._now(lane)

    def cut(self, lane: int) -> tuple[Head, list[Any]]:
        """Take what waits on a lane, with its head."""
        with self._lock:
            self._mark(lane)
            runs, self._runs[lane] = tuple(self._runs[lane]), []
            count = self._marked[lane]
            items = self._held[lane][:count]
            del self._held[lane][:count]
            self._marked[lane] = 0
            frontier = self._told[lane] = self._now(lane)
            return Head(self.producer, frontier, runs), items

    def _now(self, lane: int) -> Frontier:
        if not self._in_hand:
            return self._frontier
        if self._lane is not None and lane != self._lane:
            return Frontier((ITEMS, self._place[1] + 1))  # the run in hand is another lane's
        if not self.numbered:
            if self._step is None:
                return self._frontier
            return Frontier(self._frontier.least, {**self._frontier.ways, self._way: (*self._place, self._step)})
        following = self._next  # read first: another thread may put an item meanwhile, which has its number first
        ways = {**self._frontier.ways, self._way: (*self._place, min([following, *self._numbers[lane][:1]]))}
        return Frontier(self._frontier.least, ways)

    def _mark(self, lane: int) -> None:
        count = len(self._held[lane]) - self._marked[lane]
        if count:
            self._note_step(lane)
            numbers = tuple(self._numbers[lane][:count])
            del self._numbers[lane][:count]
            self._runs[lane].append(Run(self._way, self._place, count, numbers))
            self._marked[lane] += count
