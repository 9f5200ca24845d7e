"""The index of a file: the fields of all its records that are no arrays, in the metadata of its last batch.

It is an Arrow stream of its own, compressed, as text, since metadata are text to other libraries. Where records have no
arrays there is none, since all would be in it; nor where it would not be small. Then a reader makes it from the blocks.
"""

from __future__ import annotations

import base64
import zlib

import pyarrow as pa

INDEX, ROWS = b"d4p.index", b"d4p.rows"


def scalars(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Of a batch the columns that are no arrays."""
    return batch.select([field.name for field in batch.schema if not is_array(field.type)])


def is_array(kind: pa.DataType) -> bool:
    fixed = pa.types.is_fixed_size_list(kind)  # which pyarrow 14 doesn't call nested
    return fixed or isinstance(kind, pa.BaseExtensionType) or pa.types.is_nested(kind)


def packed(blocks: list[pa.RecordBatch]) -> bytes:
    """The index of blocks of scalars."""
    table = pa.Table.from_batches(blocks).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return base64.b64encode(zlib.compress(sink.getvalue(), 1))


def unpacked(index: bytes) -> pa.Table:
    """The scalars of all records. Raises ValueError and zlib.error where it is damaged."""
    return pa.ipc.open_stream(zlib.decompress(base64.b64decode(index, validate=True))).read_all()
