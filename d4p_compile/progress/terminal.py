"""Progress on a terminal: a table at the bottom, and what the program writes above it."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
import time
from typing import Any

from d4p.describe.printable import echo, printable

from ..ir.plan import Plan
from .counts import Counts
from .screen import Screen
from .table import table

#: Seconds for which lines are gathered before they are printed.
_MOMENT = 0.05
#: Lines of the terminal that are left for what is printed, and the fewest rows of the table.
_ABOVE, _LEAST = 6, 3


class Drawn(Screen):
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

        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, overflow="ellipsis")
        for justify in ("right", "right", "left"):
            grid.add_column(justify=justify, no_wrap=True)
        rows, below = table(self.counts, max(self.console.size.height - _ABOVE, _LEAST))
        for what, *cells in rows:
            grid.add_row(Text(what), *cells)
        grid.add_row(Text(below, style="dim"))
        return grid


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
