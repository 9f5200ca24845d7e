"""What the edges of a picture say: texts beside their lines, where nothing else stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .layout import Point

#: Characters of what an edge says.
_SAID = 24


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
    """What edges say, each beside its line and where nothing else stands; what finds no room is left to the pointer."""

    def __init__(self, joins: Sequence[Join]) -> None:
        self.taken: list[tuple[float, float, float, float]] = []
        self.out = Counter(join.source for join in joins)
        self.into = Counter(join.dest for join in joins)

    def place(self, join: Join, start: Point, near: Point, before: Point, end: Point) -> str:
        """Where the line is level, on the side that it doesn't come from: at its end, or at its begin where others end
        there. `near` is the first point of its way, `before` the last but one."""
        if not join.said:
            return ""
        wide, high = 6.2 * max(len(line[:_SAID]) for line in join.said), 13.0 * len(join.said)
        falls, fell = near[1] > start[1] + 1, end[1] > before[1] + 1
        last = (end[0] - 12 - wide / 2, end[1] + 4 if fell else end[1] - 5 - high)
        first = (start[0] + 10 + wide / 2, start[1] - 5 - high if falls else start[1] + 4)
        if start[1] == end[1] == near[1]:
            last = first = ((start[0] + near[0]) / 2, start[1] - 5 - high)
        ends_first = self.into[join.dest] <= self.out[join.source]
        for x, top in (last, first) if ends_first else (first, last):
            room = (x - wide / 2, top, x + wide / 2, top + high)
            if not any(room[0] < r and left < room[2] and room[1] < low and up < room[3]
                       for left, up, r, low in self.taken):  # fmt: skip
                self.taken.append(room)
                return texts(join.said, x, top + 10)
        return ""


def texts(lines: Sequence[str], x: float, y: float) -> str:
    """Lines of text around x, the first at y."""
    shown = (line if len(line) <= _SAID else f"{line[: _SAID - 1]}…" for line in lines)
    return "".join(f'<text class="said" x="{x:.0f}" y="{y + 13 * at:.0f}">{escape(line)}</text>'
                   for at, line in enumerate(shown))
