"""An instance between what it gets in order and what it sends with places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from d4p.places.held import Packed
from d4p.places.marks import Head, Marks, Noted, Numbers
from d4p.places.merge import Merge, Straight
from d4p.places.place import BITS, ENDED, Frontier, Place, Way


class Numbered:
    """Items with numbers, one after the other; what is written meanwhile has the number of the one that was given last.

    Args:
        step: holds that number.
        cut: what holds the numbers of what is written where it is cut apart once more.
    """

    def __init__(self, items: list[Any], numbers: Numbers, step: list[int], cut: list[list[int]]) -> None:
        self.items, self._numbers, self._step, self._cut = items, numbers, step, cut

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        step, cut = self._step, self._cut
        step[:] = self._numbers[:1]
        for step[0], item in zip(self._numbers, self.items, strict=True):
            for number in cut:
                if number[0] >> BITS != step[0]:
                    number[0] = step[0] << BITS
            yield item


class Passing:
    """Gives what an instance sends the places of what it has in hand.

    Args:
        marks: of its channels; those of a dealer give their own places.
        merge: puts what it gets in order; None where nothing that it gets has places.
        step: the one of its marks.
        last: the place of what it is the first to write in `postprocess`, after all that comes: before it has, it must
            not say that nothing more is to come from there on.
    """

    def __init__(self, marks: Iterable[Marks | Noted], merge: Merge | Straight | None, step: list[int] | None = None,
                 last: Place = ENDED.least) -> None:
        self.all = list(marks)
        self._marks = [each for each in self.all if not each.dealer]
        self._step: list[int] = [] if step is None else step
        self._cut = [each.number for each in self._marks if isinstance(each, Marks) and each.numbered]
        self._merge: Any = merge
        self._base, self._own = Frontier(), last
        self._last: tuple[Way, Place] | None = None

    @property
    def here(self) -> dict[str, Any] | None:
        """The way and the place of what it has in hand, for people; None where nobody has told any."""
        if self._last is None:
            return None
        way, place = self._last
        return {"way": list(way), "place": [*place, *self._step]}

    @property
    def holds(self) -> bool:
        """Whether something has come that isn't in turn."""
        return self._merge is not None and self._merge.holds

    @property
    def packed(self) -> bool:
        """Whether batches with places had better be given as they came, and are unpacked when they are in turn."""
        return self._merge is not None and self._merge.packed

    def own(self, place: Place) -> None:
        """What it writes from now on is its own: in `preprocess` and `postprocess`, or read by itself."""
        self._base, self._last = Frontier(place), ((), place)
        self._step.clear()
        for marks in self._marks:
            marks.at((), place, self._base)

    def take(self, channel: int, head: Head, items: list[Any] | Packed) -> Iterator[tuple[int, Any]]:
        """Take a batch in, and give what is in turn, as (channel, items), while it is to be worked on: item by item, as
        what is written meanwhile has the place of the item that was given last."""
        self._merge.put(channel, head, items)
        for of, way, place, numbers, some in self._merge.take():
            self.at((of, *way), place)
            yield of, self.numbered(numbers, some)
        self._reached()

    def behind(self) -> dict[int, int]:
        """`Merge.behind`."""
        return self._merge.behind()

    def at(self, way: Way, place: Place) -> None:
        """What it has in hand, until the next call, came this way and has this place."""
        self._last = way, place
        if self._marks:
            self._step.clear()
            # What is in turn shows that all phases before it are over, but for its own.
            least = min(self._own, max(self._base.least, place[:1]))
            frontier = Frontier(least, {**self._base.ways, way: place})
            for marks in self._marks:
                marks.at(way, place, frontier)

    def numbered(self, numbers: Numbers, items: list[Any]) -> Any:
        """Items of that place, to be gone through once: where they have numbers behind it, and that matters here, what
        is written for each has its number."""
        return Numbered(items, numbers, self._step, self._cut) if numbers and self._marks else items

    def _reached(self) -> None:
        if not self._marks:
            return
        self._step.clear()
        found = {channel: self._merge.frontier(channel) for channel in self._merge.channels}
        ways = {(channel, *way): place for channel, frontier in found.items() for way, place in frontier.ways.items()}
        self._base = Frontier(min(self._own, *(frontier.least for frontier in found.values())), ways)
        for marks in self._marks:
            marks.reached(self._base)

    def end(self) -> None:
        """Nothing more is to come."""
        for marks in self.all:
            marks.reached(ENDED)
