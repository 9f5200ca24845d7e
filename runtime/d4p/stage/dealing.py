"""Runs of items are dealt to the instances of a PE that keeps no state: which one takes a run changes no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from d4p.places.marks import Marks

#: Items in a run at most, and one in how many of all that were dealt before: few heavy items are shared out evenly.
_MOST, _PART = 1024, 100


def dealing(lanes: Any) -> Callable[[], int]:
    """A function that gives the lane of the next item. A dealer's runs begin here; others' are as they came."""
    marks, count = lanes.marks, len(lanes.held)
    if not marks.dealer:
        return lambda: marks.run % count
    dealt = left = 0
    lane = -1

    def dest() -> int:
        nonlocal dealt, left, lane
        if not left:
            left = max(1, min(_MOST, dealt // _PART))
            lane = lanes.free((lane + 1) % count)
            marks.deal(lane, dealt)
        left -= 1
        dealt += 1
        return lane

    return dest


def marks_of(index: int, instances: int, held: list[list[Any]], places: str) -> Marks | None:
    """The marks of a channel's lanes, None where its items need no places. The only instance of a stage gives places
    itself; several tell those of what they got."""
    return Marks(index, held, numbered=places == "numbered", dealer=instances == 1) if places else None
