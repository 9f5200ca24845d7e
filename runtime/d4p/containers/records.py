"""`Records`: what `WriteArrow` wrote, read."""

from __future__ import annotations

import bisect
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from d4p.containers.fields import maker
from d4p.containers.index import is_array
from d4p.containers.part import ArrowPart, stacked
from d4p.errors import Refused, RunFailed
from d4p.filesystems import as_path, locate, written
from d4p.filesystems.paths import File, Path, as_paths, find
from d4p.items.batch import Batch
from d4p.outputs import written as notes
from d4p.outputs.store import SUCCESS, Store


class Records(Sequence):
    """The records of a folder that `WriteArrow` wrote, of one of its files, or of a list or glob of files.

        records = Records("out")            # a path of this machine, hdfs://, s3://, ...
        len(records), records[7]            # an item as it was written (a NamedTuple as a tuple, if there is no `of`)
        records.columns                     # all fields but arrays, of all records, as a pyarrow.Table
        records.array("values", [3, 7])     # (2, ...), float32

    Opening reads the files' indices alone. Arrays of items are read-only views of the file: copy what is to be changed.
    Numbers of numpy are Python's now.

    Args:
        path: local paths or URLs.
        of: the NamedTuple that items are to be.

    Raises:
        Refused: nothing is there, or a folder that is no whole output, or files that hold different things.
        RunFailed: a file is damaged.
    """

    def __init__(self, path: Path, of: type | None = None) -> None:
        self.path = path
        self._of = of
        self.files = files_of(path)
        parts = [ArrowPart(written(locate(file.source)[0], file.name)) for file in self.files]
        self.parts = [part for part in parts if len(part)]  # of an instance without items nobody knows the fields
        self.schema: pa.Schema = self.parts[0].schema if self.parts else parts[0].schema
        for part in self.parts:
            if not part.schema.equals(self.schema):
                raise Refused(f"the files must hold the same fields to be read together: {part.path} has "
                              f"{_said(part.schema)}; {self.parts[0].path} has {_said(self.schema)}")
        if of is not None and self.parts and list(of._fields) != self.schema.names:
            raise Refused(f"the records must be {of.__name__}, of {', '.join(of._fields)}; those in "
                          f"{self.parts[0].path} have {_said(self.schema)}")
        self._starts = [0, *accumulate(map(len, self.parts))]
        self._make: Callable[[Sequence[Any]], Any] = maker(self.schema, of)

    def __reduce__(self) -> Any:
        return type(self), (self.path, self._of)

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, number: Any) -> Any:
        """A record, or a list of those of a slice."""
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(len(self)))]
        part, row = self._place(number)
        return self._make(part.values(row))

    def __iter__(self) -> Iterator[Any]:
        for batch in self.batches():
            yield from batch

    def __repr__(self) -> str:
        return f"<Records {self.path}: {len(self):,} of {_said(self.schema)}>"

    def batches(self) -> Iterator[Batch]:
        """All records in the order in which they are stored, a few megabytes at a time."""
        for part in self.parts:
            for batch in part.batches():
                yield batch if self._of is None else Batch(self._of._make(batch.columns))

    @cached_property
    def columns(self) -> pa.Table:
        """The fields that are no arrays, of all records."""
        return pa.concat_tables([part.scalars for part in self.parts]) if self.parts else self.schema.empty_table()

    def array(self, name: str, numbers: Iterable[int] | None = None) -> np.ndarray:
        """The arrays of one field, of all records or those with these numbers, as one array: (records, ...)."""
        if name not in self.schema.names or not is_array(self.schema.field(name).type):
            arrays = [field.name for field in self.schema if is_array(field.type)]
            raise Refused(f"{name!r} must be a field of arrays; of those there are: {', '.join(arrays) or 'none'}")
        if numbers is None:
            blocks = [stacked(part.block(k).column(name)) for part in self.parts for k in range(len(part.rows))]
            return np.concatenate(blocks)
        rows = []
        for part, row in map(self._place, numbers):
            block, at = part.place(row)
            rows.append(stacked(part.block(block).column(name))[at])
        return np.stack(rows)

    def _place(self, number: int) -> tuple[ArrowPart, int]:
        at = number + len(self) if number < 0 else number
        if not 0 <= at < len(self):
            raise IndexError(f"there are {len(self):,} records, and no number {number:,}")
        part = bisect.bisect_right(self._starts, at) - 1
        return self.parts[part], at - self._starts[part]


def files_of(path: Path) -> list[File]:
    """The files that a path stands for. Raises Refused where a folder is no whole output."""
    paths = as_paths(path)
    for one in paths:
        fs, name = locate(one)
        if fs.isdir(name):
            _check_whole(one)
    return find(paths, "d4p")


def _check_whole(path: str) -> None:
    """Raises Refused where a folder is not all that a run wrote, RunFailed where a file of it has changed."""
    store = Store(as_path(path))
    success = notes.success(store, store.path)
    if success is None:
        raise Refused(f"{path} must be an output of a run, in which there is a file {SUCCESS} once it is whole; there "
                      f"is none. To read the files that are there, give {os.path.join(path, 'part-*')}")
    sizes = store.sizes(store.path)
    for name, part in sorted(success["parts"].items()):
        if "/" not in name and sizes.get(name) != part["bytes"]:
            has = f"has {sizes[name]:,} bytes" if name in sizes else "isn't there"
            raise RunFailed(f"{path} isn't as it was written: {name} must have {part['bytes']:,} bytes, and {has}. "
                            f"--overwrite makes it anew")


def _said(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name}: {type_said(field.type)}" for field in schema) or "no fields"


def type_said(kind: pa.DataType) -> str:
    """`float[10001]`, and whatever else Arrow calls a type."""
    if pa.types.is_fixed_size_list(kind):
        return f"{kind.value_type}[{kind.list_size}]"
    if isinstance(kind, pa.BaseExtensionType) and hasattr(kind, "shape"):
        return f"{kind.value_type}[{', '.join(map(str, kind.shape))}]"
    return str(kind)
