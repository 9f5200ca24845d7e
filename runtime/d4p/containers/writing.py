"""Items as an Arrow file, a block after the other."""

from __future__ import annotations

from typing import Any, NoReturn

import pyarrow as pa

from d4p.containers.fields import Fields, Misfit
from d4p.containers.index import INDEX, ROWS, is_array, packed, scalars
from d4p.items.batch import Batch
from d4p.outputs.part import Attempt
from d4p.outputs.sink import Sink

#: Blocks are gathered until they have so many bytes, and split where they have more: what a reader far away fetches
#: for one record, and what is written at a time.
LEAST, MOST = 1 << 20, 8 << 20
_MOST_ITEMS = 4096
#: An index that would have more bytes before it is packed is left out.
_INDEX_BYTES = 64 << 20
#: What Arrow raises for a value that is of its type and can't be stored, such as an int of more than 64 bits.
_UNSTORABLE = (pa.ArrowException, UnicodeError, OverflowError)


class ArrowFile:
    """Writes items to an attempt. The first says which fields there are; what doesn't fit raises Misfit, which says
    how it differs, with the item's number before it."""

    def __init__(self, attempt: Attempt) -> None:
        self._sink = Sink(attempt)
        self._writer: Any = None
        self.fields: Any = None  # Fields, from the first item on
        self.count = 0  # items taken
        self._items: list[Any] = []  # taken one by one, and no Arrow yet
        self._bytes_each = 1 << 16
        self._blocks: list[pa.RecordBatch] = []  # small ones
        self._held = 0  # their bytes
        self._index: list[pa.RecordBatch] | None = []
        self._index_bytes = 0
        self._rows: list[int] = []
        self._none = pa.RecordBatch.from_arrays([], schema=pa.schema([]))  # a batch without records

    def put(self, item: Any) -> None:
        """Take an item."""
        self.count += 1
        if self.fields is None:
            self._begin(item, self.count)
        elif said := self.fields.misfit(item):
            raise Misfit(f"item {self.count:,}: {said}")
        self._items.append(item)
        if len(self._items) >= min(_MOST_ITEMS, LEAST // self._bytes_each + 1):
            self._gather()

    def put_batch(self, batch: Batch) -> None:
        """Take the items of a batch; its arrays go to the file as they are."""
        if not len(batch):
            return
        if self.fields is None:
            self._begin(batch[0], self.count + 1)
        self._gather()
        fields: Any = self.fields
        if (columns := fields.columns(batch)) is None:
            self._refuse(batch)
        self.count += len(batch)
        self._put_block(self._block(columns, len(batch)))

    def finish(self) -> None:
        """Write what is held, and the index. The attempt is to be finished by its owner."""
        self._gather()
        self._flush()
        if self._writer is None:
            self._writer = pa.ipc.new_file(self._sink, self._none.schema)
        metadata = {ROWS: " ".join(map(str, self._rows)).encode()}
        if self._index:
            metadata[INDEX] = packed(self._index)
        self._writer.write_batch(self._none, custom_metadata=metadata)
        self._writer.close()

    def _begin(self, item: Any, number: int) -> None:
        try:
            self.fields = Fields.of(item)
        except Misfit as error:
            raise Misfit(f"item {number:,}: {error}") from None
        self._writer = pa.ipc.new_file(self._sink, self.fields.schema)
        if not any(is_array(field.type) for field in self.fields.schema):
            self._index = None

    def _block(self, columns: list[Any], count: int) -> pa.RecordBatch:
        """Columns of the last `count` items taken, as Arrow."""
        try:
            return self.fields.block(columns)
        except _UNSTORABLE as error:
            for at in range(count):
                try:
                    self.fields.block([column[at : at + 1] for column in columns])
                except _UNSTORABLE as its:
                    raise Misfit(f"item {self.count - count + 1 + at:,}: {its}") from its
            raise Misfit(f"items from {self.count - count + 1:,} to {self.count:,}: {error}") from error

    def _refuse(self, batch: Batch) -> NoReturn:
        """Say which item of a batch it is that doesn't fit."""
        for number, item in enumerate(batch, self.count + 1):
            if said := self.fields.misfit(item):
                raise Misfit(f"item {number:,}: {said}")
        raise Misfit(f"items from {self.count + 1:,} on are a batch whose fields are other than {self.fields}")

    def _gather(self) -> None:
        """Make a block of the items."""
        if self._items:
            block = self._block(self.fields.columns_of(self._items), len(self._items))
            self._bytes_each = max(1, block.nbytes // len(self._items))
            self._items.clear()
            self._put_block(block)

    def _put_block(self, block: pa.RecordBatch) -> None:
        size = block.nbytes
        if size < LEAST:
            self._blocks.append(self._own(block))
            self._held += size
            if self._held >= LEAST:
                self._flush()
            return
        self._flush()
        pieces = -(-size // MOST)
        step = -(-block.num_rows // pieces)
        for at in range(0, block.num_rows, step):
            self._write(block.slice(at, step))

    @staticmethod
    def _own(block: pa.RecordBatch) -> pa.RecordBatch:
        """A copy: whoever gave an array with a batch may go on to use it once we have returned."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, block.schema) as writer:
            writer.write_batch(block)
        return pa.ipc.open_stream(sink.getvalue()).read_next_batch()

    def _flush(self) -> None:
        """Write the small blocks as one."""
        if self._blocks:
            (block,) = pa.Table.from_batches(self._blocks).combine_chunks().to_batches()
            self._blocks.clear()
            self._held = 0
            self._write(block)

    def _write(self, block: pa.RecordBatch) -> None:
        self._writer.write_batch(block)
        self._none = block.slice(0, 0)
        self._rows.append(block.num_rows)
        if self._index is not None:
            self._index.append(scalars(block))
            self._index_bytes += self._index[-1].nbytes
            if self._index_bytes > _INDEX_BYTES:
                self._index = None
