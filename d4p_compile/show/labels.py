"""What the edges of a picture say: texts beside their lines, where nothing else stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from .layout import Point

#: Characters of what an edge says; pixels of a cell, of which is known how much of lines is in it.
_SAID, _CELL = 24, 6.0
#: Left, top, right, bottom.
Room = tuple[float, float, float, float]


@dataclass(frozen=True)
class Join:
    """An edge between PEs of two boxes, or back: what it says, and how thick it is."""

    source: str
    dest: str
    said: tuple[str, ...] = ()
    title: str = ""
    back: bool = False
    wide: float = 1.5


class Labels:
    """What edges say, each beside its line, where neither a box nor another text stands, and as few lines as can be;
    what finds no room is left to the pointer.

    Args:
        joins: all of them.
        boxes: what they must not be over or under: left, top, right, bottom.
        lines: the ways of all lines, as points between which they bend.
    """

    def __init__(self, joins: Sequence[Join], boxes: Iterable[Room], lines: Iterable[Sequence[Point]]) -> None:
        self._taken = list(boxes)
        self._out = Counter(join.source for join in joins)
        self._into = Counter(join.dest for join in joins)
        self._lines = Counter((x // _CELL, y // _CELL) for line in lines for x, y in _along(line))

    def place(self, join: Join, way: Sequence[Point]) -> str:
        """Beside the line of an edge, which goes that way."""
        if not join.said:
            return ""
        wide, high = width(join), 13.0 * len(join.said)
        rooms = [(x - wide / 2, top, x + wide / 2, top + high) for x, top in self._places(join, way, wide, high)]
        free = [room for room in rooms if not any(_meet(room, other) for other in self._taken)]
        if not free:
            return ""
        left, top, right, low = room = min(free, key=self._crossed)  # the first of those that are as good
        self._taken.append(room)
        return texts(join.said, (left + right) / 2, top + 10)

    def _places(self, join: Join, way: Sequence[Point], wide: float, high: float) -> Iterator[Point]:
        """The middle and the top of places beside a line, where it is level: at its end, or at its begin where others
        end there, and first on the side that it doesn't come from; then where it passes other boxes."""
        start, near, before, end = way[0], way[1], way[-2], way[-1]
        above, below = -5 - high, 4.0
        if len(way) == 2 and start[1] == end[1]:
            yield from (((start[0] + end[0]) / 2, start[1] + side) for side in (above, below))
        last = [(end[0] - 4 - wide / 2, end[1] + side) for side in (above, below)]
        first = [(start[0] + 10 + wide / 2, start[1] + side) for side in (below, above)]
        if end[1] > before[1] + 1:
            last.reverse()
        if near[1] > start[1] + 1:
            first.reverse()
        ends_first = self._into[join.dest] <= self._out[join.source]
        for at in range(2):
            yield from (last[at], first[at]) if ends_first else (first[at], last[at])
        for (x1, y1), (x2, y2) in zip(way, way[1:], strict=False):
            if y1 == y2 and len(way) > 2:
                yield from (((x1 + x2) / 2, y1 + side) for side in (above, below))

    def _crossed(self, room: Room) -> int:
        """How much of lines lies in a room, in steps of a text's height."""
        left, top, right, low = (round(each // _CELL) for each in room)
        found = sum(self._lines[x, y] for x in range(left, right + 1) for y in range(top, low + 1))
        return round(found * _CELL / 13)


def width(join: Join) -> float:
    """Of what an edge says, in pixels."""
    return 6.2 * max((len(line[:_SAID]) for line in join.said), default=0)


def _meet(one: Room, other: Room) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _along(way: Sequence[Point]) -> Iterator[Point]:
    """Points of a line, about a cell apart: straight where it is level, else with a bend at either end."""
    for (x1, y1), (x2, y2) in zip(way, way[1:], strict=False):
        count = max(1, round((abs(x2 - x1) + abs(y2 - y1)) / _CELL))
        for step in range(count):
            at = step / count
            yield x1 + (x2 - x1) * (1.5 * at - 1.5 * at**2 + at**3), y1 + (y2 - y1) * (3 * at**2 - 2 * at**3)


def texts(lines: Sequence[str], x: float, y: float) -> str:
    """Lines of text around x, the first at y."""
    shown = (line if len(line) <= _SAID else f"{line[: _SAID - 1]}…" for line in lines)
    return "".join(f'<text class="said" x="{x:.0f}" y="{round(y) + 13 * at}">{escape(line)}</text>'
                   for at, line in enumerate(shown))
