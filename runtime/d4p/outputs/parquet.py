"""Items of a schema as a Parquet file; needs pyarrow."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Sequence, Sized
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from d4p.items.schema import Schema
from d4p.outputs.part import Attempt
from d4p.outputs.sink import Sink

#: Items become columns in batches of about so many bytes, and are written in groups of about so many.
_BATCH_BYTES, _BATCH_ITEMS, _GROUP_BYTES = 1 << 20, 4096, 32 << 20


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type of a field's type."""
    if name.endswith("[]"):
        return pa.list_(pa.field("item", arrow_type(name.removesuffix("[]")), nullable=False))
    return pa.type_for_alias(name)


def arrow_schema(schema: Schema) -> pa.Schema:
    """The Arrow schema of a schema; no field may be null."""
    return pa.schema([pa.field(field.name, arrow_type(field.type), nullable=False) for field in schema])


class TableFile:
    """Writes items of `schema` to an attempt, and gives them back should one not be of it."""

    def __init__(self, attempt: Attempt, schema: Schema) -> None:
        self.attempt, self.schema, self.arrow = attempt, schema, arrow_schema(schema)
        self._writer = pq.ParquetWriter(Sink(attempt), self.arrow)
        self._held: list[Any] = []
        self._batches: list[pa.RecordBatch] = []
        self._most = 16

    def put(self, item: Any) -> bool:
        """Take an item; False where one that was taken isn't of the schema: then `take_back` gives them all."""
        self._held.append(item)
        return len(self._held) < self._most or self._flush()

    def _flush(self) -> bool:
        count = len(self._held)
        if not count:
            return True
        columns = self.schema.columns(self._held)
        if columns is None:
            return False
        try:
            arrays = [_array(column, field.type) for column, field in zip(columns, self.arrow, strict=True)]
        except (pa.ArrowException, OverflowError):  # more than 2 GiB in one batch
            return False
        batch = pa.record_batch(arrays, schema=self.arrow)
        self._batches.append(batch)
        self._most = max(1, min(_BATCH_ITEMS, 2 * count, _BATCH_BYTES * count // max(1, batch.nbytes)))
        self._held.clear()
        if sum(batch.nbytes for batch in self._batches) > _GROUP_BYTES:
            self._write()
        return True

    def held(self) -> list[Any]:
        """The items that are not checked yet, in which one was found that doesn't fit."""
        return self._held

    def _write(self) -> None:
        if self._batches:
            table = pa.Table.from_batches(self._batches)
            self._writer.write_table(table, row_group_size=max(1, table.num_rows))
            self._batches.clear()

    def finish(self) -> bool:
        """Write what is held; False as for `put`. The attempt is to be finished by its owner."""
        if not self._flush():
            return False
        self._write()
        self._writer.close()
        return True

    def take_back(self) -> Iterator[Any]:
        """All items that were put, in order."""
        self._writer.close()
        with self.attempt.reopen() as file:
            groups = pq.ParquetFile(file)
            for number in range(groups.num_row_groups):
                for batch in groups.read_row_group(number).to_batches():
                    yield from _items(self.schema, batch)
        for batch in self._batches:
            yield from _items(self.schema, batch)
        yield from self._held


def _array(column: tuple, kind: pa.DataType) -> pa.Array:
    """A column as Arrow, its arrays end to end, with their offsets. It is made of buffers, since `pa.array` imports
    pandas where that is installed, which takes longer than many a task. Raises OverflowError beyond 2 GiB."""
    if not pa.types.is_list(kind):
        return _scalars(column, kind)
    import numpy as np

    flat = np.concatenate(column)
    values = pa.Array.from_buffers(kind.value_type, len(flat), [None, pa.py_buffer(flat)])
    return pa.Array.from_buffers(kind, len(column), [None, _offsets(column)], children=[values])


def _scalars(column: tuple, kind: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(kind):
        return pa.Array.from_buffers(pa.uint8(), len(column), [None, pa.py_buffer(bytes(column))]).cast(kind)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = array("q" if pa.types.is_integer(kind) else "d", column)
        return pa.Array.from_buffers(kind, len(column), [None, pa.py_buffer(numbers)])
    if pa.types.is_string(kind):
        text = "".join(column)
        if text.isascii():  # characters are bytes
            return pa.Array.from_buffers(kind, len(column), [None, _offsets(column), pa.py_buffer(text.encode())])
        column = tuple(each.encode() for each in column)
    return pa.Array.from_buffers(kind, len(column), [None, _offsets(column), pa.py_buffer(b"".join(column))])


def _offsets(parts: Sequence[Sized]) -> pa.Buffer:
    """Where each of some parts begins, and where the last one ends: 32 bits each."""
    return pa.py_buffer(array("i", itertools.accumulate(map(len, parts), initial=0)))


def _items(schema: Schema, batch: pa.RecordBatch) -> Iterator[Any]:
    """The items of a batch; arrays are copies of their own, which may be changed."""
    return schema.items([_values(column) for column in batch.columns])


def _values(column: pa.Array) -> list[Any]:
    if not pa.types.is_list(column.type):
        return column.to_pylist()
    return [value.values.to_numpy(zero_copy_only=False).copy() for value in column]
