"""Where there is no terminal: a line now and then, or nothing."""

from __future__ import annotations

import threading
import time
from typing import Any

from d4p.describe.printable import complain, echo

from ..ir.plan import Plan
from ..show.text import plural
from .counts import MOST_PES, Counts, pace, spelled
from .screen import Screen

#: Seconds between two lines.
PLAIN_EVERY = 5.0
#: Events after which the program says how the run has ended, and nothing of how far it is should come behind that.
_ENDS = ("done", "failed", "interrupted")


class Silent(Screen):
    """Nothing is shown of the run."""


class Plain(Screen):
    """The program writes where we would; totals go to stderr once in five seconds."""

    def __init__(self, plan: Plan) -> None:
        self.counts = Counts(plan)
        self._last = time.monotonic()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._loop, daemon=True, name="d4p-progress")

    def watch(self, event: dict[str, Any]) -> None:
        with self._lock:
            self.counts.take(event)
        if event["event"] in _ENDS:
            self._stop.set()
        elif event["event"] in ("progress", "stage"):
            self._look()

    def say(self, line: str) -> None:
        echo(line)

    def __enter__(self) -> Plain:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stop.wait(1.0):  # also where the program says nothing, as while it starts
            self._look()

    def _look(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._last < PLAIN_EVERY or self._stop.is_set():
                return
            self._last = now
            line = self.line()
        complain(line)

    def line(self) -> str:
        """`progress: 12,345 items into 4 PEs, 4,115/s, 15 s`."""
        counts = self.counts
        parts = [counts.phase] if counts.phase else []
        if any(counts.items.values()):
            what = "PE" if len(counts.items) <= MOST_PES else "stage"
            parts.append(f"{plural(counts.received, 'item')} into {plural(len(counts.items), what)}")
            if rate := sum(counts.rate(row) for row in counts.items):
                parts.append(pace(rate))
        for row, items in counts.items.items():
            left = counts.left(row)
            if row in counts.done or left is None:
                continue
            done, total, what = counts.parts.get(row, (items, counts.expected.get(row, 0), ""))
            of = f"{row} {done:,} of {plural(total, what) if what else f'{total:,}'}"
            parts.append(f"{of}{'' if what else f' at {pace(counts.rate(row))}'}, {spelled(left)} left")
        if counts.stages:
            done, total = (sum(s[key] for s in counts.stages.values()) for key in ("done", "total"))
            parts.append(f"{done:,} of {plural(total, 'task')} in {plural(len(counts.stages), 'stage')}")
        return f"progress: {', '.join(parts)}, {spelled(counts.seconds)}"
