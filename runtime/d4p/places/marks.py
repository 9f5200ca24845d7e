"""The producer's side: which places the items have that wait on the lanes of a channel."""

from __future__ import annotations

import marshal
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from d4p.places.place import FIRST, Frontier, Place, Way
from d4p.places.unplaced import ITEMS

#: Items in a run of a dealer that numbers them, whichever way they go.
RUN = 1024
#: Of items that come one after the other: an array of 64 bits each where that is enough.
Numbers = Sequence[int]


class Run(NamedTuple):
    """Some consecutive items of a batch that have one place, or that place and behind it one of the `numbers` each,
    which don't fall."""

    way: Way
    place: Place
    count: int
    numbers: Numbers = ()


@dataclass(frozen=True)
class Head:
    """What a batch on a channel with places begins with."""

    producer: int
    frontier: Frontier
    runs: tuple[Run, ...]

    def packed(self) -> bytes:
        """As bytes, for `loaded`."""
        runs = [(run.way, run.place, run.count, run.numbers) for run in self.runs]  # an array is written as its bytes
        # Version 2 has no references, which depend on who else holds an object: a re-run task must give the same bytes.
        return marshal.dumps((self.producer, self.frontier.least, dict(self.frontier.ways), runs), 2)

    @classmethod
    def loaded(cls, packed: bytes) -> Head:
        """The head that was `packed`."""
        producer, least, ways, runs = marshal.loads(packed)
        return cls(producer, Frontier(least, ways), tuple(
            Run(way, place, count, array("q", numbers) if type(numbers) is bytes else numbers)
            for way, place, count, numbers in runs))

    @property
    def count(self) -> int:
        """The items of the batch."""
        return sum(run.count for run in self.runs)

    def parts(self, items: list[Any]) -> Iterator[tuple[Run, list[Any]]]:
        """The items of the batch by their runs."""
        if len(self.runs) == 1:
            yield self.runs[0], items
            return
        start = 0
        for run in self.runs:
            yield run, items[start : start + run.count]
            start += run.count


def _compact(numbers: list[int]) -> Numbers:
    try:
        return array("q", numbers)
    except OverflowError:  # cut apart three times
        return tuple(numbers)


class Noted:
    """The place of what is in hand, for items that are sent with theirs: `now`, as (phase, way, place)."""

    dealer = numbered = False

    def __init__(self) -> None:
        self.now: list[Any] = [FIRST, (), ()]

    def at(self, way: Way, place: Place, frontier: Frontier) -> None:
        """`Marks.at`."""
        self.now[:] = place[0], way, place

    def reached(self, frontier: Frontier) -> None:
        """`Marks.reached`."""


class Marks:
    """Notes the places of what is put on lanes.

    All that is put has the place that was given last; a thread may take what waits (`cut`) while another one puts and
    gives the next place. Whoever puts an item notes its number first, where it has one, in `noted` of its lane: that in
    `number`, which where items are `numbered` is one more then (`d4p.stage.outlet` has the lines).

    Args:
        producer: the instance that puts.
        held: the items that wait, by lane.
        numbered: each item has a number behind its place: how many were put before it at that place, on any lane, and
            before that the number of what it was written for, if that has one.
        dealer: it gives places itself (`deal`, `begin`), and they begin here; else it has those of what it got (`at`).
        step: where items aren't numbered here, what holds the number of what is in hand, if that has one: one list for
            all marks of an instance.
    """

    def __init__(self, producer: int, held: list[list[Any]], numbered: bool = False, dealer: bool = False,
                 step: list[int] | None = None) -> None:
        self.producer, self._held, self.numbered, self.dealer = producer, held, numbered, dealer
        self.pause: Callable[[int], None] = lambda run: None  # a dealer calls it before a run of this number
        self.number: list[int] = [0] if numbered else [] if step is None else step  # of what is put next, or nothing
        self.noted: list[list[int]] = [[] for _ in held]
        self._lock = threading.Lock()
        self._way: Way = ()
        self._place: Place = (ITEMS, 0) if dealer else (FIRST,)
        self._left: dict[Way, tuple[Place, int]] = {}  # of ways, where their numbers go on
        self._in_hand = True  # or else there is nothing now, and more of the place may come
        self._lane: int | None = None  # the one that runs are dealt to just now
        self._runs: list[list[Run]] = [[] for _ in held]
        self._marked = [0] * len(held)
        self._frontier = Frontier(self._place[:1])
        self._told: list[Frontier | None] = [None] * len(held)

    @property
    def run(self) -> int:
        """The number of the run in hand."""
        return self._place[1] if len(self._place) > 1 else 0

    def at(self, way: Way, place: Place, frontier: Frontier) -> None:
        """What is put from now on has this place; `frontier` is that of what is in hand."""
        frontier = frontier.cut() if self.numbered else frontier
        with self._lock:
            if (way, place) != (self._way, self._place):
                for lane in range(len(self._held)):
                    self._mark(lane)
                if self.numbered:
                    self._left[self._way] = self._place, self.number[0]
                    before, number = self._left.get(way, (None, 0))
                    self.number[0] = number if before == place else 0
                self._way, self._place = way, place
            self._frontier, self._in_hand = frontier, True

    def deal(self, lane: int, number: int) -> None:
        """What is put from now on is a new run, with this number, for one lane alone."""
        with self._lock:
            if self._lane is not None:
                self._mark(self._lane)
            self._lane, self._place = lane, (ITEMS, number)
            self._frontier = Frontier(self._place)

    def begin(self) -> None:
        """A dealer's next run begins: to be called when one has `RUN` numbers."""
        run = self.run + 1
        with self._lock:
            for lane in range(len(self._held)):
                self._mark(lane)
            self._place, self.number[0] = (ITEMS, run), 0
        self.pause(run)

    def reached(self, frontier: Frontier) -> None:
        """Nothing more is to come before that; nothing is in hand."""
        frontier = frontier.cut() if self.numbered else frontier
        with self._lock:
            self._frontier, self._in_hand = frontier, False

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
        following = self.number[:1]  # read first: another thread may put an item meanwhile, whose number is noted first
        if not following:
            return self._frontier
        ways = {**self._frontier.ways, self._way: (*self._place, min(following + self.noted[lane][:1]))}
        return Frontier(self._frontier.least, ways)

    def _mark(self, lane: int) -> None:
        count = len(self._held[lane]) - self._marked[lane]
        if count:
            numbers: Numbers = ()
            if noted := self.noted[lane]:
                numbers = _compact(noted[:count])
                del noted[:count]
            self._runs[lane].append(Run(self._way, self._place, count, numbers))
            self._marked[lane] += count
