"""Records as a DataFrame of Spark: each file is a partition, and its records a row each.

The workers read the files themselves, so these must be where workers find them; they need d4p, pyarrow and numpy, which
an environment that travels (`d4p submit --env`) or one that is installed there has. It is `range` and `mapInArrow` and
nothing else, so a session of Spark Connect will do, if the server's Python has them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from d4p.containers.index import is_array
from d4p.containers.part import ArrowPart
from d4p.containers.records import Records, type_said
from d4p.errors import Refused
from d4p.filesystems import Local, locate
from d4p.filesystems.paths import Path

_NAMES = {"string": "string", "binary": "binary", "bool": "boolean", "int8": "tinyint", "int16": "smallint",
          "int32": "int", "int64": "bigint", "float": "float", "double": "double"}  # fmt: skip


def dataframe(spark: Any, path: Path) -> Any:
    """What `WriteArrow` wrote as a `pyspark.sql.DataFrame`, with arrays as `array<float>` and the like.

    Args:
        spark: a SparkSession, classic or of Connect.
        path: as for `Records`.

    Raises:
        Refused: as `Records` does; and where there is no record, or a field has a type that Spark hasn't.
    """
    records = Records(path)
    if not records.parts:
        raise Refused(f"{path} must hold records, for Spark to know their fields; it has none")
    columns = [f"`{field.name}` {_spark_type(field)}" for field in records.schema]
    urls = [_url(part.path) for part in records.parts]
    return spark.range(0, len(urls), 1, len(urls)).mapInArrow(_reader(urls), ", ".join(columns))


def _reader(urls: list[str]) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                part = ArrowPart(urls[number])
                for block in range(len(part.rows)):
                    yield _plain(part.block(block))

    return read


def _url(path: str) -> str:
    """A path as workers find it, whatever their working directory and default file system are."""
    fs, name = locate(path)
    return f"file://{os.path.abspath(name)}" if isinstance(fs, Local) else fs.unstrip_protocol(name)


def _plain(block: pa.RecordBatch) -> pa.RecordBatch:
    """With lists of any length, which Spark takes in all its versions."""
    return pa.RecordBatch.from_arrays([_list(column) for column in block.columns], block.schema.names)


def _list(column: pa.Array) -> pa.Array:
    column = column.storage if isinstance(column, pa.ExtensionArray) else column
    if not pa.types.is_fixed_size_list(column.type):
        return column
    starts = pa.array(np.arange(len(column) + 1, dtype="int32") * column.type.list_size, pa.int32())
    return pa.ListArray.from_arrays(starts, column.flatten())


def _spark_type(field: pa.Field) -> str:
    kind = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    element = kind.value_type if is_array(kind) else kind
    if str(element) not in _NAMES:
        raise Refused(f"{field.name} is {type_said(field.type)}, and Spark has no such numbers: those it has are "
                      f"{', '.join(_NAMES)}")
    name = _NAMES[str(element)]
    return f"array<{name}>" if is_array(kind) else name
