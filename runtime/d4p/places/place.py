"""What a place is, and what a producer says about those that are still to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: (phase, run, number, ...); one that begins another is before it.
Place = tuple[int, ...]
#: The channels that an item has come over since a dealer sent it; items of one way have an order.
Way = tuple[int, ...]

#: Phases: before the first item, the items, the `postprocess` of the first PE; and when nothing more is to come.
PREPROCESS, ITEMS, POSTPROCESS, NEVER = 0, 1, 2, 1 << 62


@dataclass(frozen=True)
class Frontier:
    """Before which place nothing more is to come from a producer, by way.

    `least` holds for ways that aren't in `ways`, too.
    """

    least: Place = ()
    ways: Mapping[Way, Place] = field(default_factory=dict)

    def of(self, way: Way) -> Place:
        """That of a way."""
        return max(self.least, self.ways.get(way, ()))

    @property
    def phase(self) -> int:
        """Before this phase nothing more is to come, whatever way."""
        return self.least[0] if self.least else PREPROCESS


ENDED = Frontier((NEVER,))
