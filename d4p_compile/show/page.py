"""What is drawn with tables on stdout, as wide as the terminal."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from d4p.describe.printable import printable, put

_WIDTH = 110


@contextmanager
def page(width: int = _WIDTH) -> Iterator[Console]:
    """A console; what was drawn on it is printed at the end. `width` is for what is no terminal."""
    terminal, drawn = False, io.StringIO()
    if sys.stdout is not None and sys.stdout.isatty():
        terminal, width = True, os.get_terminal_size(sys.stdout.fileno()).columns or width
    console = Console(file=drawn, force_terminal=terminal, highlight=False, width=width)
    yield console
    put(drawn.getvalue())
    put("")


def cell(said: Any, style: str = "") -> Text:
    """A text that may hold anything."""
    return Text(printable(said), style)


def borderless() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
