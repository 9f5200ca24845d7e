"""An Arrow file, open: its records by their numbers."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from d4p.containers.fields import FORM
from d4p.containers.index import INDEX, ROWS, is_array, scalars, unpacked
from d4p.errors import RunFailed
from d4p.filesystems import Local, locate
from d4p.filesystems.reads import note
from d4p.items.batch import Batch

_BROKEN = (pa.ArrowException, OSError, ValueError, EOFError, zlib.error, KeyError)


class ArrowPart:
    """The records of one file. Raises RunFailed where it is damaged or none.

    Attributes:
        path: as it was given, for messages.
        schema: Arrow's.
        rows: the number of records in each block.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        fs, name = locate(path)
        note("file", fs, name)
        with self._read("it"):
            self._source = pa.memory_map(name) if isinstance(fs, Local) else pa.PythonFile(fs.open(name, "rb"), "r")
            self._file = pa.ipc.open_file(self._source)
            self.schema: pa.Schema = self._file.schema
            self._index: bytes | None = None
            blocks = self._file.num_record_batches
            last = self._file.get_batch_with_custom_metadata(blocks - 1) if blocks else (None, None)
            metadata = dict(last[1] or {})
            if ROWS in metadata:
                self.rows = [int(rows) for rows in metadata[ROWS].split()]
                self._index = metadata.get(INDEX)
            else:  # another program's
                self.rows = [self._file.get_batch(number).num_rows for number in range(blocks)]
            self._starts = [0, *accumulate(self.rows)]

    def __len__(self) -> int:
        return self._starts[-1]

    @contextmanager
    def _read(self, what: str) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            said = getattr(error, "strerror", None) or str(error).partition("\n")[0].rstrip(".")
            raise RunFailed(f"{self.path} can't be read: {what} isn't whole, or the file is no Arrow file ({said})"
                            ) from error

    @cached_property
    def scalars(self) -> pa.Table:
        """The fields of all records that are no arrays."""
        with self._read("its index"):
            if self._index is not None:
                table = unpacked(self._index)
            else:
                blocks = [scalars(self._file.get_batch(number)) for number in range(len(self.rows))]
                kept = [field for field in self.schema if not is_array(field.type)]
                table = pa.Table.from_batches(blocks, pa.schema(kept))
            if table.num_columns and table.num_rows != len(self):
                raise ValueError(f"it has {table.num_rows:,} records, the file {len(self):,}")
            return table.combine_chunks()

    def block(self, number: int) -> pa.RecordBatch:
        """A block, as Arrow has it. On this machine its arrays stay on the disk until they are looked at."""
        with self._read(f"block {number + 1} of {len(self.rows)}"):
            return self._file.get_batch(number)

    def place(self, row: int) -> tuple[int, int]:
        """The block of a record, and which in it."""
        number = bisect_right(self._starts, row) - 1
        return number, row - self._starts[number]

    def values(self, row: int) -> list[Any]:
        """The fields of a record, arrays as read-only views."""
        number, at = self.place(row)
        block = self.block(number)
        return [stacked(column)[at] if is_array(column.type) else column[at].as_py() for column in block.columns]

    def batches(self) -> Iterator[Batch]:
        """The blocks as batches of tuples, dicts or single values; arrays as read-only views."""
        for number in range(len(self.rows)):
            block = self.block(number)
            columns = [stacked(c) if is_array(c.type) else c.to_pylist() for c in block.columns]
            form = (self.schema.metadata or {}).get(FORM)
            if form == b"item":
                yield Batch(columns[0])
            else:
                yield Batch(tuple(columns) if form == b"tuple" else dict(zip(self.schema.names, columns, strict=True)))


def stacked(column: pa.Array) -> np.ndarray:
    """A column of arrays as one array, (records, ...): a view."""
    if isinstance(column.type, pa.BaseExtensionType):
        return column.to_numpy_ndarray()
    if pa.types.is_fixed_size_list(column.type):
        return column.flatten().to_numpy().reshape(len(column), column.type.list_size)
    made = np.empty(len(column), object)  # another program's: of different lengths
    made[:] = [np.asarray(value.as_py()) for value in column]
    return made
