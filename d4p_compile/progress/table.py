"""The rows of a progress display: what fits, those at work first."""

from __future__ import annotations

from ..show.text import plural
from .counts import Counts, cells, spelled

Row = tuple[str, str, str, str]


def table(counts: Counts, room: int) -> tuple[list[Row], str]:
    """At most `room` rows (what, how much, how fast, how long), and the line below them."""
    engine = _engine_rows(counts, room)
    found = [_stage_row(counts, number) for number in engine]
    shown: list[str] = []
    if any(counts.items.values()):
        shown = _busiest(counts, max(room - len(found), 1))
        found += [(row, *cells(counts, row)) for row in shown]
    hidden = len(counts.items) - len(shown) if shown else 0
    parts = [counts.phase] if counts.phase else []
    parts += [f"and {plural(hidden, 'more row')}"] if hidden else []
    return found, ", ".join([*parts, spelled(counts.seconds)])


def _engine_rows(counts: Counts, room: int) -> list[int]:
    """The stages of the engine's that are shown: those at work, and a few of those before, in a third of the room where
    items are counted, too."""
    most = max(room // 3, 1) if any(counts.items.values()) else room
    by_number = sorted(counts.stages)
    working = [n for n in by_number if counts.stages[n]["done"] < counts.stages[n]["total"]]
    kept = (working + [n for n in reversed(by_number) if n not in working])[:most]
    return sorted(kept)


def _stage_row(counts: Counts, number: int) -> Row:
    stage, left = counts.stages[number], counts.stage_left(number)
    tasks = f"{stage['done']:,} of {plural(stage['total'], 'task')}"
    return f"stage {number} {stage['name']}", tasks, "", f"{spelled(left)} left" if left is not None else ""


def _busiest(counts: Counts, most: int) -> list[str]:
    """As many rows as there is room for, in the plan's order, those at work first in line."""
    kept = set(sorted(counts.items, key=lambda row: (-counts.rate(row), -counts.items[row]))[:most])
    return [row for row in counts.items if row in kept]
