"""Progress in a notebook: a table below the cell that runs."""

from __future__ import annotations

import contextvars
import sys
import threading
from html import escape
from typing import Any

from ..ir.plan import Plan
from .counts import Counts, spelled
from .screen import Screen
from .table import table

#: Rows that are shown, and the seconds between two drawings.
_MOST_ROWS, _EVERY = 40, 0.5


def in_notebook() -> bool:
    """Whether this is a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


class Drawn(Screen):
    """A table that is drawn anew twice a second; at the end it says how long it all took.

    What the program writes goes to where the kernel writes, not into the notebook: `run` keeps it, unless it is asked
    for.
    """

    def __init__(self, plan: Plan) -> None:
        self.counts = Counts(plan)
        self._name = f"{plan.graph.name} for {plan.target}"
        self._handle: Any = None
        self._stop = threading.Event()
        # The kernel knows by the context to which cell something belongs.
        self._thread = threading.Thread(target=contextvars.copy_context().run, args=(self._loop,), daemon=True)

    def watch(self, event: dict[str, Any]) -> None:
        self.counts.take(event)

    def __enter__(self) -> Drawn:
        from IPython.display import display  # type: ignore[import-not-found]  # a notebook has it

        self._handle = display(self._drawn(), raw=True, display_id=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()
        self._handle.update(self._drawn(ended="failed after " if exc[0] else "done in "), raw=True)

    def _loop(self) -> None:
        while not self._stop.wait(_EVERY):
            self._handle.update(self._drawn(), raw=True)

    def _drawn(self, ended: str = "") -> dict[str, str]:
        """The table as HTML and as text."""
        rows, below = table(self.counts, _MOST_ROWS)
        if ended:
            below = f"{self._name}: {ended}{spelled(self.counts.seconds)}"
        widths = [max((len(row[at]) for row in rows), default=0) for at in range(4)]
        lines = ["  ".join([row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), row[3]]).rstrip()
                 for row in rows]
        cells = "".join(f"<tr>{_cell(row[0], 'left')}{''.join(_cell(cell, 'right') for cell in row[1:])}</tr>"
                        for row in rows)
        return {"text/plain": "\n".join([*lines, below]),
                "text/html": f"<table>{cells}</table><small>{escape(below)}</small>"}


def _cell(text: str, side: str) -> str:
    return f'<td style="text-align: {side}">{escape(text)}</td>'
