"""How far a running program is: drawn on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from d4p.printable import complain, echo, printable

from .ir.plan import Plan
from .show.text import plural, shortened

#: A graph of more PEs is shown by stages.
MOST_PES = 30
#: Seconds between two plain lines where there is no terminal.
PLAIN_EVERY = 5.0
#: Seconds that a rate looks back.
_WINDOW = 3.0
#: Seconds for which lines are gathered before they are printed.
_MOMENT = 0.05


class Counts:
    """What the events said so far: items received by each row, their rate, and the engine's own stages."""

    def __init__(self, plan: Plan) -> None:
        self.began = time.monotonic()
        self.seen = False
        self.stages: dict[int, dict[str, Any]] = {}
        self._rows = rows(plan)
        self.items = dict.fromkeys(self._rows, 0)
        self.expected: dict[str, int] = {}
        self._past: deque[tuple[float, dict[str, int]]] = deque([(self.began, dict(self.items))])

    def take(self, event: dict[str, Any]) -> None:
        """Note one event; those of other kinds are for other readers."""
        if event["event"] == "stage":
            self.stages[event["number"]] = event
        elif event["event"] == "progress":
            received = event["received"]
            self.items = {row: sum(received.get(pe, 0) for pe in pes) for row, pes in self._rows.items()}
            known = event.get("expected", {})
            self.expected = {row: sum(known[pe] for pe in pes) for row, pes in self._rows.items()
                             if all(pe in known for pe in pes)}
        else:
            return
        self.seen = True
        now = time.monotonic()
        self._past.append((now, self.items))
        while len(self._past) > 2 and self._past[1][0] < now - _WINDOW:
            self._past.popleft()

    def rate(self, row: str) -> float:
        """Items a second, of late."""
        (then, before), now = self._past[0], time.monotonic()
        return (self.items[row] - before[row]) / max(now - then, 0.1)

    def left(self, row: str) -> float | None:
        """Seconds until all its items have come at the present rate, where it is known how many they are."""
        missing, rate = self.expected.get(row, 0) - self.items[row], self.rate(row)
        return missing / rate if missing > 0 and rate > 0 else None

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


class Plain:
    """No terminal: the program writes where we would; totals go to stderr once in five seconds."""

    stdout = stderr = None

    def __init__(self, plan: Plan) -> None:
        self.counts = Counts(plan)
        self._last = time.monotonic()

    def watch(self, event: dict[str, Any]) -> None:
        counts = self.counts
        counts.take(event)
        now = time.monotonic()
        if event["event"] in ("progress", "stage") and now - self._last >= PLAIN_EVERY:
            self._last = now
            complain(self.line())

    def say(self, line: str) -> None:
        """A line of ours, on stdout."""
        echo(line)

    def line(self) -> str:
        """`progress: 12,345 items into 4 PEs, 4,115/s, 15 s`."""
        counts = self.counts
        parts = []
        if any(counts.items.values()) or not counts.stages:
            what = "PE" if len(counts.items) <= MOST_PES else "stage"
            rate = sum(counts.rate(row) for row in counts.items)
            parts.append(f"{plural(sum(counts.items.values()), 'item')} into {plural(len(counts.items), what)}")
            parts.append(f"{rate:,.0f}/s")
        for row, expected in counts.expected.items():
            if counts.items[row] < expected:
                left = counts.left(row)
                soon = f", {left:,.0f} s left" if left is not None else ""
                parts.append(f"{row} {counts.items[row]:,} of {expected:,} at {counts.rate(row):,.0f}/s{soon}")
        if counts.stages:
            done, total = (sum(s[key] for s in counts.stages.values()) for key in ("done", "total"))
            parts.append(f"{done:,} of {plural(total, 'task')} in {plural(len(counts.stages), 'stage')}")
        return f"progress: {', '.join(parts)}, {counts.seconds:.0f} s"


class Drawn:
    """A terminal: a table at the bottom, and above it, line by line, what the program writes.

    A stream of ours that is not a terminal is left to the program as it is.
    """

    def __init__(self, plan: Plan) -> None:
        from rich.console import Console
        from rich.live import Live

        self.counts = Counts(plan)
        self.console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._live = Live(get_renderable=self._table, console=self.console, refresh_per_second=5, transient=True,
                          redirect_stdout=False, redirect_stderr=False)
        self._pairs = [_terminal() if stream.isatty() else None for stream in (sys.stdout, sys.stderr)]
        self.stdout, self.stderr = (pair[1] if pair else None for pair in self._pairs)
        self._readers = [threading.Thread(target=self._relay, args=(pair[0],), daemon=True)
                         for pair in self._pairs if pair]

    def watch(self, event: dict[str, Any]) -> None:
        self.counts.take(event)

    def say(self, line: str) -> None:
        """A line of ours: above the table, where stdout is the terminal too."""
        self._print(printable(line)) if sys.stdout.isatty() else echo(line)

    def __enter__(self) -> Drawn:
        for reader in self._readers:
            reader.start()
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        for pair in self._pairs:
            if pair:
                os.close(pair[1])
        for reader in self._readers:
            reader.join(timeout=2)
        self._live.stop()

    def _relay(self, number: int) -> None:
        """Print whole lines above the table as they come; of a line that is drawn over with CR its last state."""
        left, chunk = b"", b"\n"
        while chunk:
            chunk = _arrived(number)
            *lines, left = (left + chunk).split(b"\n")
            if left and not chunk:
                lines.append(left)
            if lines:
                self._print("\n".join(_last_state(line).decode(errors="replace") for line in lines))
        os.close(number)

    def _print(self, lines: str) -> None:
        from rich.text import Text

        self.console.print(Text.from_ansi(lines) if "\x1b" in lines else Text(lines), soft_wrap=True)

    def _table(self) -> Any:
        from rich.table import Table
        from rich.text import Text

        counts = self.counts
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, overflow="ellipsis")
        for _ in range(3):
            table.add_column(justify="right", no_wrap=True)
        spare = max(self.console.size.height - 6, 3)
        for stage in sorted(counts.stages.values(), key=lambda s: s["number"])[-spare:]:
            tasks = f"{stage['done']:,} of {plural(stage['total'], 'task')}"
            table.add_row(Text(f"stage {stage['number']} {stage['name']}"), tasks, "")
        if any(counts.items.values()) or not counts.stages:
            for row in self._busiest(spare - len(counts.stages)):
                expected, left = counts.expected.get(row, 0), counts.left(row)
                done = plural(counts.items[row], "item")
                table.add_row(Text(row), f"{counts.items[row]:,} of {plural(expected, 'item')}" if left else done,
                              f"{counts.rate(row):,.0f}/s", f"{left:,.0f} s left" if left else "")
        hidden = len(counts.items) + len(counts.stages) - table.row_count
        more = f"and {plural(hidden, 'more row')}, " if hidden > 0 and table.row_count else ""
        waiting = "" if counts.seen else "starting, "
        table.add_row(Text(f"{waiting}{more}{counts.seconds:.0f} s", style="dim"))
        return table

    def _busiest(self, most: int) -> list[str]:
        """As many rows as there is room for, in the plan's order, those at work first in line."""
        counts = self.counts
        kept = set(sorted(counts.items, key=lambda row: (-counts.rate(row), -counts.items[row]))[: max(most, 1)])
        return [row for row in counts.items if row in kept]


def _arrived(number: int) -> bytes:
    """What there is to read within a moment, so that many short lines cost one drawing; empty at the end."""
    found: list[bytes] = []
    until = time.monotonic() + _MOMENT
    while not found or select.select([number], [], [], max(until - time.monotonic(), 0))[0]:
        try:
            found.append(os.read(number, 1 << 16))
        except OSError:  # so ends a terminal on Linux whose other end is closed
            break
        if not found[-1] or time.monotonic() > until:
            break
    return b"".join(found)


def _last_state(line: bytes) -> bytes:
    return line.rstrip(b"\r").rpartition(b"\r")[2]


def _terminal() -> tuple[int, int]:
    """A terminal for the program to write to, so that it writes lines as it would to ours: (read end, write end)."""
    import fcntl
    import pty
    import termios
    import tty

    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    with contextlib.suppress(OSError):
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, fcntl.ioctl(2, termios.TIOCGWINSZ, b"\0" * 8))
    return ours, theirs


@contextlib.contextmanager
def watching(plan: Plan) -> Iterator[Plain | Drawn]:
    """What shows a run of `plan`: `watch` takes its events, `stdout` and `stderr` are for the program (None: ours)."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        with Drawn(plan) as drawn:
            yield drawn
    else:
        yield Plain(plan)
