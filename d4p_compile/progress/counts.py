"""What the events of a run said so far: items by row, how fast they come, when they will all be there."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from ..ir.plan import Plan
from ..show.text import plural, shortened

#: A graph of more PEs is shown by stages.
MOST_PES = 30
#: Seconds that a rate looks back; where fewer items than `_FEW` came, up to `_LONG`.
_WINDOW, _FEW, _LONG = 3.0, 6, 120.0
#: Seconds between two counts that are remembered for that.
_APART = 0.2
#: What a run does where it hasn't said so.
_STARTING, _WORKING = "starting the program", "waiting for the first item"


class Counts:
    """Counts of a run, from its events. A row is a PE, or in a large graph a stage; of a root it counts what the root
    writes, of another PE what comes to it."""

    def __init__(self, plan: Plan) -> None:
        self.began = time.monotonic()
        self.stages: dict[int, dict[str, Any]] = {}
        self._stages_began: dict[int, float] = {}
        self._rows = rows(plan)
        self.items = dict.fromkeys(self._rows, 0)
        self.received = 0
        self.expected: dict[str, int] = {}
        self.parts: dict[str, tuple[int, int, str]] = {}
        self.done: set[str] = set()
        self._phase = _STARTING
        self._past: deque[tuple[float, dict[str, int]]] = deque([(self.began, dict(self.items))])

    def take(self, event: Mapping[str, Any]) -> None:
        """Note one event; those of other kinds are for other readers."""
        if event["event"] == "phase":
            self._phase = event["what"]
        elif event["event"] == "stage":
            self.stages[event["number"]] = dict(event)
            self._stages_began.setdefault(event["number"], time.monotonic())
        elif event["event"] == "progress":
            self._progress(event)

    def _progress(self, event: Mapping[str, Any]) -> None:
        received, written, known, done, pieces, read = (
            event.get(key, {}) for key in ("received", "written", "expected", "done", "pieces", "read"))
        self.items = {row: sum(written.get(pe, received.get(pe, 0)) for pe in pes) for row, pes in self._rows.items()}
        self.received = sum(received.get(pe, 0) for pes in self._rows.values() for pe in pes)
        self.done = {row for row, pes in self._rows.items() if all(pe in done for pe in pes)}
        self.expected, self.parts = {}, {}
        for row, pes in self._rows.items():
            if all(pe in pieces for pe in pes):
                self.parts[row] = sum(read[pe] for pe in pes), sum(pieces[pe] for pe in pes), "split"
            elif all(pe in known for pe in pes):
                expected = sum(known[pe] for pe in pes)
                if any(pe in written for pe in pes):  # items in, and what it writes is another number
                    self.parts[row] = sum(received.get(pe, 0) for pe in pes), expected, "iteration"
                else:
                    self.expected[row] = expected
        now = time.monotonic()
        if now - self._past[-1][0] >= _APART:
            self._past.append((now, self.items))
        while len(self._past) > 2 and self._past[1][0] < now - _LONG:
            self._past.popleft()

    def rate(self, row: str) -> float:
        """Items a second, of late: of the last seconds, or of more where few have come."""
        now, items = time.monotonic(), self.items[row]
        for then, before in reversed(list(self._past)):  # another thread may add to it
            if items - before[row] >= _FEW and now - then >= _WINDOW:
                break
        if before[row] == items:
            return 0.0
        return (items - before[row]) / max(now - then, 0.1)

    def left(self, row: str) -> float | None:
        """Seconds until all there is has come, where it is known how much that is."""
        if row in self.parts:
            return self._at_this_rate(self.began, *self.parts[row][:2])
        missing, rate = self.expected.get(row, 0) - self.items[row], self.rate(row)
        return missing / rate if missing > 0 and rate > 0 else None

    def stage_left(self, number: int) -> float | None:
        """Seconds until all tasks of a stage of the engine's are done."""
        stage = self.stages[number]
        return self._at_this_rate(self._stages_began[number], stage["done"], stage["total"])

    @staticmethod
    def _at_this_rate(began: float, done: int, total: int) -> float | None:
        return (time.monotonic() - began) * (total - done) / done if 0 < done < total else None

    @property
    def moving(self) -> bool:
        """Whether items have come, or tasks of the engine's are at work."""
        return any(self.items.values()) or bool(self.stages)

    @property
    def phase(self) -> str:
        """What the run does where no items move; empty where they do."""
        if self._phase == _STARTING and self.moving:
            return ""
        return self._phase or ("" if self.moving else _WORKING)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


def rows(plan: Plan) -> dict[str, tuple[str, ...]]:
    """`{label: the PEs whose items it counts}`: each PE, or in a large graph each stage by what enters it."""
    if len(plan.graph.pes) <= MOST_PES:
        return {name: (name,) for stage in plan.stages for name in stage.pes}
    found = {}
    for stage in plan.stages:
        enters = {c.edge.dest for c in plan.channels_into(stage)} | set(plan.roots(stage))
        found[f"{stage.number} {shortened(stage.pes, 50)}"] = tuple(pe for pe in stage.pes if pe in enters)
    return found


def pace(rate: float) -> str:
    """Items a second, a minute or an hour, with as many digits as say something: `1,234/s`, `2.5/s`, `12/min`."""
    for unit, seconds in (("s", 1), ("min", 60), ("h", 3600)):
        if rate * seconds >= 1 or unit == "h":
            count = rate * seconds
            return f"{count:,.0f}/{unit}" if count >= 9.95 else f"{count:.1f}/{unit}"
    raise AssertionError


def spelled(seconds: float) -> str:
    """`45 s`, `2 min 5 s`, `3 h 20 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def cells(counts: Counts, row: str) -> tuple[str, str, str]:
    """What is shown of a row: `12 of 40 items`, `3.1/s`, `9 s left`."""
    items, rate, left = counts.items[row], counts.rate(row), counts.left(row)
    expected = counts.expected.get(row, 0)
    count = f"{items:,} of {plural(expected, 'item')}" if items < expected else plural(items, "item")
    soon = [f"{spelled(left)} left"] if left is not None else []
    if row in counts.parts:
        done, total, what = counts.parts[row]
        soon = [f"{done:,} of {plural(total, what)}", *soon] if done < total and total > 1 else []
    if row in counts.done:
        return plural(items, "item"), "", "done"
    return count, pace(rate) if rate and items != expected else "", ", ".join(soon)
