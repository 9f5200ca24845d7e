"""An instance between what it gets in order and what it sends with places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from d4p.places.marks import Head, Marks
from d4p.places.merge import Merge
from d4p.places.place import ENDED, Frontier, Place, Way


class _Stepped:
    """Items, with each of which the places of what is written go on."""

    def __init__(self, items: list[Any], steps: list[Iterator[None]]) -> None:
        self._items, self._steps = items, steps

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            for step in self._steps:
                next(step)
            yield item


class Passing:
    """Gives what an instance sends the places of what it has in hand.

    Args:
        marks: of its channels; those of a dealer give their own places.
        merge: puts what it gets in order; None where nothing that it gets has places.
    """

    def __init__(self, marks: Iterable[Marks], merge: Merge | None) -> None:
        self.all = list(marks)
        self._marks = [each for each in self.all if not each.dealer]
        self._merge: Any = merge
        self._base = Frontier()

    @property
    def holds(self) -> bool:
        """Whether something has come that isn't in turn."""
        return self._merge is not None and self._merge.holds

    def own(self, place: Place) -> None:
        """What it writes from now on is its own: in `preprocess` and `postprocess`, or read by itself."""
        self._base = Frontier(place)
        for marks in self._marks:
            marks.at((), place, self._base)

    def take(self, channel: int, head: Head, items: list[Any]) -> Iterator[tuple[int, Any]]:
        """Take a batch in, and give what is in turn, as (channel, items), while it is to be worked on: item by item, as
        what is written meanwhile has the place of the item that was given last."""
        self._merge.put(channel, head, items)
        for of, way, place, numbers, some in self._merge.take():
            if numbers and self._marks:
                yield of, _Stepped(some, self._steps((of, *way), place, numbers))
            else:
                self.at((of, *way), place)
                yield of, some
        self._reached()

    def behind(self) -> dict[int, int]:
        """`Merge.behind`."""
        return self._merge.behind()

    def _frontier(self, way: Way, place: Place) -> Frontier:
        """That of what it has in hand: what is in turn shows that all phases before it are over."""
        return Frontier(max(self._base.least, place[:1]), {**self._base.ways, way: place})

    def _steps(self, way: Way, place: Place, numbers: tuple[int, ...]) -> list[Iterator[None]]:
        frontier = self._frontier(way, place)
        return [marks.steps(way, place, frontier, numbers) for marks in self._marks]

    def at(self, way: Way, place: Place) -> None:
        """What it has in hand, until the next call, came this way and has this place."""
        if self._marks:
            frontier = self._frontier(way, place)
            for marks in self._marks:
                marks.at(way, place, frontier)

    def _reached(self) -> None:
        if not self._marks:
            return
        found = {channel: self._merge.frontier(channel) for channel in self._merge.channels}
        ways = {(channel, *way): place for channel, frontier in found.items() for way, place in frontier.ways.items()}
        self._base = Frontier(min(frontier.least for frontier in found.values()), ways)
        for marks in self._marks:
            marks.reached(self._base)

    def end(self) -> None:
        """Nothing more is to come."""
        for marks in self.all:
            marks.reached(ENDED)
