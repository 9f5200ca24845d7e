"""Drawing what was found, as wide as the terminal."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from d4p.errors import RunFailed

from ..show.page import borderless, cell, page
from ..show.text import plural
from .correlations import is_correlations, summary
from .fileset import KINDS, FileSet, find
from .read import Content, content

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_CELL = 60
#: By what an item that was set aside is known, and what of it is shown.
_LETTER = frozenset(("pickle", "sha256", "traceback", "tries"))
_OF_LETTER = ("item", "pe", "port", "instance", "number", "message", "from")


def peek(path: str, most: int = 5) -> None:
    """Print what is in a file or folder on stdout, with its first records. Raises Refused and RunFailed."""
    for number, files in enumerate(find(path)):
        try:
            made = content(files, most)
        except RunFailed as error:
            raise RunFailed(f"{error}{f'. {files.state}' if files.broken else ''}") from error
        with page() as console:
            if number:
                console.print()
            _print(console, files, made, most)


def _print(console: Console, files: FileSet, made: Content, most: int) -> None:
    console.print(cell(_head(files, made)), soft_wrap=True)
    if made.fields:
        console.print()
        console.print(_table(["field", "type"], made.fields))
    if made.records is not None and made.count and is_correlations(made.records):
        facts, columns, rows = summary(made.records, most)
        console.print()
        console.print(_table(["correlations", ""], facts))
    else:
        columns, rows = _rows(made)
    if rows:
        console.print()
        shown = f"first {len(rows):,} of {made.count:,}" if made.count is not None else f"first {len(rows):,}"
        console.print(cell(shown, "bold"))
        console.print(_table(columns, rows))


def _head(files: FileSet, made: Content) -> str:
    """`out: 36 Arrow files, 499,500 records, 20.0 GB; whole`"""
    kind = KINDS.get(files.kind, files.kind or "empty")
    shown = f"{len(files.paths):,} {kind} file{'s' if len(files.paths) != 1 else ''}"
    records = "records not counted" if made.count is None else plural(made.count, "record")
    if files.kind and files.kind not in KINDS:
        records = "no records that d4p could show"
    state = f"; {files.state}" if files.state else ""
    return f"{files.name}: {shown}, {records}, {size(files.bytes)}{state}"


def size(count: float) -> str:
    """
    >>> size(999), size(20_000_000_000)
    ('999 bytes', '20.0 GB')
    """
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.1f} {_UNITS[unit]}" if unit else f"{count} bytes"


def _rows(made: Content) -> tuple[list[str], list[list[str]]]:
    """Records as columns, where they have the same fields; else one a line."""
    names = [name for name, _ in made.fields] or _keys(made.first)
    if _LETTER.issubset(names):
        return list(_OF_LETTER), [_of_letter(record) for record in made.first]
    if not names or names == ["item"]:
        return ["item"], [[in_short(record)] for record in made.first]
    rows = [record.values() if isinstance(record, Mapping) else record for record in made.first]
    return names, [[in_short(value) for value in row] for row in rows]


def _of_letter(record: Mapping[str, Any]) -> list[str]:
    """What of an item that was set aside fits in a line: a table of all of it would fill the screen with its pickle."""
    where = record["from"] if isinstance(record["from"], Mapping) else {}
    places = [where["file"]] if "file" in where else where.get("edges", ())
    values = {**record, "from": ", ".join(map(str, places))}
    return [in_short(values[name]) for name in _OF_LETTER]


def _keys(records: Sequence[Any]) -> list[str]:
    """The keys of dicts that all have the same."""
    if not records or not all(isinstance(record, dict) for record in records):
        return []
    keys = [list(map(str, record)) for record in records]
    return keys[0] if all(key == keys[0] for key in keys) else []


def in_short(value: Any) -> str:
    """A value as a table has room for it."""
    if isinstance(value, list) and len(value) > 6 and all(isinstance(one, (int, float)) for one in value):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "iufbc":
        flat = value.reshape(-1)
        ends = [f"{one:.4g}" for one in (*flat[:2], *flat[-1:])] if flat.size > 3 else [f"{one:.4g}" for one in flat]
        inside = f"{', '.join(ends[:2])}, ..., {ends[2]}" if flat.size > 3 else ", ".join(ends)
        return f"[{inside}]" if value.ndim == 1 else f"{value.dtype.name}{list(value.shape)} [{inside}]"
    shown = value if isinstance(value, str) else _short.repr(value)
    shown = shown.replace("\n", " ")
    return shown if len(shown) <= _CELL else f"{shown[: _CELL - 3]}..."


_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = 2 * _CELL
_short.maxdict = _short.maxlist = _short.maxtuple = 8


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = borderless()
    for column in columns:
        table.add_column(cell(column), overflow="fold")
    for row in rows:
        table.add_row(*map(cell, row))
    return table
