"""What a place is, and what a producer says about those that are still to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from d4p.places.unplaced import NEVER

#: (phase, run), and behind it a number where runs are cut apart; one that begins another is before it.
Place = tuple[int, ...]
#: The channels that an item has come over since a dealer sent it; items of one way have an order.
Way = tuple[int, ...]

#: The phase before all.
FIRST = -NEVER
#: What is written for an item with a number, and cut apart again, has that number and, in so many bits behind it, one
#: of its own: a number is one int, however often a run is cut.
BITS = 40


@dataclass(frozen=True)
class Frontier:
    """Before which place nothing more is to come from a producer, by way.

    `least` holds for ways that aren't in `ways`, too.
    """

    least: Place = ()
    ways: Mapping[Way, Place] = field(default_factory=dict)

    def of(self, way: Way) -> Place:
        """That of a way."""
        found = self.ways.get(way)
        return self.least if found is None or found < self.least else found

    @property
    def phase(self) -> int:
        """Before this phase nothing more is to come, whatever way."""
        return self.least[0] if self.least else FIRST

    def cut(self) -> Frontier:
        """The same where what is written is cut apart once more."""
        return Frontier(self.least, {way: (*place[:2], *(number << BITS for number in place[2:]))
                                     for way, place in self.ways.items()})


ENDED = Frontier((NEVER,))
