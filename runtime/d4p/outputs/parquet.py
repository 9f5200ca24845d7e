"""Items of a schema as a Parquet file; needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
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
    return pa.type_for_alias({"float64": "double", "float32": "float"}.get(name, name))


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
    """A column as Arrow: numpy arrays end to end, with their offsets."""
    if not pa.types.is_list(kind):
        array = pa.array(column, kind)
        if isinstance(array, pa.ChunkedArray):
            raise OverflowError(kind)
        return array
    import numpy as np

    offsets = np.zeros(len(column) + 1, dtype="int64")
    np.cumsum([len(array) for array in column], out=offsets[1:])
    offsets = pa.array(offsets, pa.int64()).cast(pa.int32())  # raises where there are too many
    return pa.ListArray.from_arrays(offsets, pa.array(np.concatenate(column)), type=kind)


def _items(schema: Schema, batch: pa.RecordBatch) -> Iterator[Any]:
    """The items of a batch; arrays are copies of their own, which may be changed."""
    return schema.items([_values(column) for column in batch.columns])


def _values(column: pa.Array) -> list[Any]:
    if not pa.types.is_list(column.type):
        return column.to_pylist()
    return [value.values.to_numpy(zero_copy_only=False).copy() for value in column]
