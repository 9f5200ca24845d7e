"""The fields and first records of files of each kind."""

from __future__ import annotations

import io
import itertools
import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from d4p.errors import Refused, RunFailed
from d4p.filesystems import locate
from d4p.items.itemjson import is_pickled, loads_json

from .fileset import KINDS, FileSet
from .pickles import records as pickled

_BUFFER = 1 << 20
#: What reading damaged text and pickles raises.
_BROKEN = (ValueError, EOFError, OSError, LookupError, AttributeError, TypeError, ImportError, OverflowError,
           MemoryError, RecursionError, struct.error, pickle.UnpicklingError)  # fmt: skip


@dataclass(frozen=True)
class Content:
    """`fields` are (name, type); none where records have no schema. `count` is None where nobody knows."""

    fields: list[tuple[str, str]]
    count: int | None
    first: list[Any]
    records: Any = None  # `Records`, of Arrow files


def content(files: FileSet, most: int) -> Content:
    """What is in files. Raises RunFailed where they are damaged, Refused where a library is missing."""
    if not files.kind:
        return Content([], files.count or 0, [])
    if files.kind not in KINDS:
        return Content([], None, [])
    return {"arrow": _arrow, "parquet": _parquet}.get(files.kind, _lines)(files, most)


def _arrow(files: FileSet, most: int) -> Content:
    try:
        from d4p.containers.records import Records, type_said
    except ImportError as error:
        raise _needs_pyarrow(files, error) from None
    records = Records(list(files.paths))
    fields = [(field.name, type_said(field.type)) for field in records.schema]
    return Content(fields, len(records), list(records[:most]), records)


def _parquet(files: FileSet, most: int) -> Content:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise _needs_pyarrow(files, error) from None
    first: list[Any] = []
    count, fields = 0, []
    for path in files.paths:
        fs, name = locate(path)
        try:
            with fs.open(name, "rb") as file:
                table = pq.ParquetFile(file)
                count += table.metadata.num_rows
                fields = fields or [(field.name, str(field.type)) for field in table.schema_arrow]
                if len(first) < most:
                    batch = next(table.iter_batches(batch_size=min(most, _BUFFER)), None)
                    first += batch.to_pylist()[: most - len(first)] if batch is not None else []
        except (pa.ArrowException, OSError) as error:
            raise RunFailed(f"{path} can't be read: it is damaged, or no Parquet file ({error})") from error
    return Content(fields, count, first)


def _lines(files: FileSet, most: int) -> Content:
    """Of JSON lines, pickles and text."""
    first: list[Any] = []
    for path in files.paths:
        if len(first) < most:
            first += _first(files, path, most - len(first))
    count = files.count
    if count is None and files.kind != "pickle":
        count = sum(_count_lines(path) for path in files.paths)
    return Content([], count, first)


def _first(files: FileSet, path: str, most: int) -> list[Any]:
    fs, name = locate(path)
    made: list[Any] = []
    try:
        with fs.open(name, "rb") as file:
            read: Iterator[Any] = pickled(_buffered(file)) if files.kind == "pickle" else (
                _of_line(line, files.kind) for line in iter(file.readline, b""))  # fmt: skip
            made.extend(itertools.islice(read, most))
            return made
    except _BROKEN as error:
        said = str(error) or "it ends in the middle"
        raise RunFailed(f"{path} can't be read: record {len(made) + 1:,} is damaged ({said})") from error


def _of_line(line: bytes, kind: str) -> Any:
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    return _shown(loads_json(text)) if kind == "json" else text


class _Pickled:
    """Stands for an object that only a pickle holds: what whoever wrote the file says that it is."""

    def __init__(self, said: str) -> None:
        self.said = said

    def __repr__(self) -> str:
        return self.said


def _shown(value: Any) -> Any:
    """An item of JSON as it is shown. No pickle in it is read."""
    if is_pickled(value):
        return _Pickled(value["repr"])
    if isinstance(value, list):
        return list(map(_shown, value))
    return {name: _shown(part) for name, part in value.items()} if isinstance(value, dict) else value


def _buffered(file: Any) -> Any:
    return file if hasattr(file, "peek") or not hasattr(file, "readinto") else io.BufferedReader(file)


def _count_lines(path: str) -> int:
    """The last may have no line feed."""
    fs, name = locate(path)
    count, last = 0, b"\n"
    with fs.open(name, "rb") as file:
        while block := file.read(_BUFFER):
            count, last = count + block.count(b"\n"), block[-1:]
    return count + (last != b"\n")


def _needs_pyarrow(files: FileSet, error: Exception) -> Refused:
    return Refused(f"{files.name} has files of {files.kind.capitalize()}, which need pyarrow and numpy: "
                   f"pip install pyarrow numpy ({error})")
