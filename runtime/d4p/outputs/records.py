"""An instance's part of a result: JSON lines, or Parquet where the port declares a schema and every item is of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from d4p.items.packing import dumps_json
from d4p.items.schema import Schema
from d4p.outputs.part import Attempt, Part
from d4p.outputs.shown import FIRST, shown


def json_line(item: Any) -> bytes:
    """An item as a line of a file."""
    return f"{dumps_json(item)}\n".encode()


class ResultFile:
    """Takes items of one result; `open` makes an Attempt for a file that ends in a suffix.

    An item that isn't of the schema turns the part into JSON lines from its beginning: no item is changed to fit, and
    none is left out. The file is opened when the first item comes, or at the end.
    """

    def __init__(self, open: Callable[[str], Attempt], schema: Schema | None) -> None:
        self._open, self.schema = open, schema
        self.count = 0
        self.first: list[str] = []
        self.put: Callable[[Any], None] = self._put_first
        self._attempt: Any = None  # an Attempt, from the first item on
        self._table: Any = None

    def _put_first(self, item: Any) -> None:
        self._begin()
        if len(self.first) == FIRST - 1:
            self.put = self._put
        self.first.append(shown(item))
        self._put(item)

    def _begin(self) -> None:
        if self._attempt is not None:
            return
        table_file = _table_file() if self.schema is not None else None
        if table_file is None:
            self._attempt = self._open(".jsonl")
        else:
            self._attempt = self._open(".parquet")
            self._table = table_file(self._attempt, self.schema)

    def _put(self, item: Any) -> None:
        self.count += 1
        if self._table is None:
            self._write_line(item)
        elif not self._table.put(item):
            self._as_lines()

    def _write_line(self, item: Any) -> None:
        line = json_line(item)
        try:
            self._attempt.write(line)
        except OSError as error:
            raise self._attempt.failed(error) from error

    def _as_lines(self) -> None:
        """What was written so far as JSON lines in another file, which takes its place."""
        table, before, self._table = self._table, self._attempt, None
        self._attempt = self._open(".jsonl")
        for item in table.take_back():
            self._write_line(item)
        before.drop()

    def end(self) -> None:
        """No more is written."""
        self._begin()
        if self._table is not None and not self._table.finish():
            self._as_lines()
        self._attempt.end()

    @property
    def local(self) -> bool:
        return self._attempt.local

    def complete(self) -> Part:
        """The complete part, once no more is written. May be called by a thread."""
        return self._attempt.complete(self.count)

    def finish(self) -> Part:
        """The complete part."""
        self.end()
        return self.complete()


def _table_file() -> Any:
    """The class that writes Parquet; None where there is no pyarrow."""
    try:
        from d4p.outputs.parquet import TableFile
    except ImportError:
        return None
    return TableFile
