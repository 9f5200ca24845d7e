"""The fields of items: which there are is read from the first item, and every other must be of the same.

    item                                   fields
    Correlation(first="a", values=array)   first: string, values: float32[10001]     (a NamedTuple)
    {"n": 1, "values": array}              n: int64, values: float32[10001]
    ("a", 2.5)                             0: string, 1: float64
    array                                  item: float32[10001]

A field is a bool, int (64 bits), float, str, bytes, one of numpy's numbers, or an array of ints or floats that has the
same shape in all items. Numbers of numpy are read back as Python's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from d4p.describe.tracebacks import short
from d4p.items.batch import Batch

_PLAIN = {bool: "bool", int: "int64", float: "float64", str: "string", bytes: "binary"}
_KNOWN = "bool, int, float, str, bytes, a number of numpy, or an array of ints or floats"
_MOST_TEXT = (1 << 31) - 1
_CLASS = {name: cls for cls, name in _PLAIN.items()}
#: What the schema's metadata call the form of the items, and the name of the NamedTuple.
FORM, TYPE = b"d4p.form", b"d4p.type"


class Misfit(ValueError):
    """An item that can't be stored with the others; says how it differs."""


@dataclass(frozen=True)
class Field:
    """`kind` is the name of a dtype, string or binary; `shape` an array's, None where it is none."""

    name: str
    kind: str
    shape: tuple[int, ...] | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"

    @property
    def what(self) -> str:
        return self.kind if self.shape is None else f"{self.kind}[{', '.join(map(str, self.shape))}]"

    @property
    def size(self) -> int:
        """The numbers of an array."""
        return math.prod(self.shape or ())

    @cached_property
    def type(self) -> pa.DataType:
        """The Arrow type."""
        element = pa.type_for_alias({"float16": "halffloat", "float32": "float", "float64": "double"}.get(
            self.kind, self.kind))  # fmt: skip
        if self.shape is None:
            return element
        if len(self.shape) == 1:
            return pa.list_(pa.field("item", element, nullable=False), self.size)
        return pa.fixed_shape_tensor(element, self.shape)

    @cached_property
    def _types(self) -> tuple[type, ...]:
        """Of values that are no arrays."""
        plain = {"string": np.str_, "binary": np.bytes_}.get(self.kind) or np.dtype(self.kind).type
        return tuple(filter(None, (_CLASS.get(self.kind), plain)))

    @cached_property
    def _dtype(self) -> np.dtype:
        return np.dtype(self.kind)

    def of(self, value: Any) -> bool:
        """Whether a value can be stored with the first."""
        if self.shape is None:
            return type(value) in self._types or _described(value) == (self.kind, None)
        if type(value) is np.ndarray and value.shape == self.shape and value.dtype == self._dtype:
            return True  # without a name of the dtype, which takes numpy longer than to copy the array
        return _described(value) == (self.kind, self.shape)

    def column(self, values: Any) -> pa.Array:
        """A column of values that are all of this field; of an array of arrays without a copy, if it lies in order.

        Raises pyarrow.ArrowException, UnicodeError or OverflowError where one is of the type and can't be stored.
        """
        if self.shape is None:
            return self._scalars(values)
        native = np.dtype(self.kind)
        stacked = values if isinstance(values, np.ndarray) else np.stack(values)
        flat = np.ascontiguousarray(stacked, native).reshape(-1)
        numbers = pa.Array.from_buffers(pa.from_numpy_dtype(native), flat.size, [None, pa.py_buffer(flat)])
        storage = self.type.storage_type if isinstance(self.type, pa.BaseExtensionType) else self.type
        column = pa.Array.from_buffers(storage, len(stacked), [None], children=[numbers])
        return column if storage is self.type else pa.ExtensionArray.from_storage(self.type, column)

    def _scalars(self, values: Any) -> pa.Array:
        """A column of values that are no arrays; made of buffers, since `pa.array` imports pandas where it is
        installed, which takes longer than most instances."""
        if self.kind in ("string", "binary"):
            encoded = [value.encode() for value in values] if self.kind == "string" else list(values)
            ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
            if ends[-1] > _MOST_TEXT:
                raise OverflowError(f"{self.name!r} has {ends[-1]:,} bytes in {len(encoded):,} items; an Arrow column "
                                    f"has at most {_MOST_TEXT:,}")
            buffers = [pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
        else:
            numbers = np.array(values, self._dtype)  # a copy: it goes into the index, and is only read at the end
            packed = np.packbits(numbers, bitorder="little") if self.kind == "bool" else numbers
            buffers = [pa.py_buffer(packed)]
        return pa.Array.from_buffers(self.type, len(values), [None, *buffers])


@dataclass(frozen=True)
class Fields:
    """The fields of items, in order. `form` is tuple, dict or item (the item is its only field); `type` the name of a
    NamedTuple."""

    fields: tuple[Field, ...]
    form: str
    type: str = ""

    @classmethod
    def of(cls, item: Any) -> Fields:
        """The fields of the first item. Raises Misfit where it can't be stored."""
        form, names, values = _taken_apart(item)
        fields = []
        for name, value in zip(names, values, strict=True):
            if (found := _described(value)) is None:
                raise Misfit(f"{name!r} is {_said(value)}; what can be stored is {_KNOWN}")
            fields.append(Field(name, *found))
        if not fields:
            raise Misfit("it has no fields")
        return cls(tuple(fields), form, type(item).__qualname__ if hasattr(item, "_fields") else "")

    def __str__(self) -> str:
        return ", ".join(map(str, self.fields))

    @cached_property
    def schema(self) -> pa.Schema:
        fields = [pa.field(field.name, field.type, nullable=False) for field in self.fields]
        return pa.schema(fields, {FORM: self.form, TYPE: self.type})

    def misfit(self, item: Any) -> str:
        """How an item differs from the first; "" where it doesn't."""
        try:
            form, names, values = _taken_apart(item)
        except Misfit as error:
            return str(error)
        mine = [field.name for field in self.fields]
        if (form, names) != (self.form, mine):
            return f"it is {_form(form, names)}; the first is {_form(self.form, mine)}"
        wrong = [f"{field.name!r} is {_said(value)}; in the first it is {field.what}"
                 for field, value in zip(self.fields, values, strict=True) if not field.of(value)]  # fmt: skip
        return wrong[0] if wrong else ""

    def columns(self, batch: Batch) -> list[Any] | None:
        """The columns of a batch; None where one of its items isn't of these fields."""
        try:
            form, names, columns = _taken_apart(batch.columns)
        except Misfit:
            return None
        alike = (form, names) == (self.form, [field.name for field in self.fields])
        return columns if alike and all(map(_fits, self.fields, columns)) else None

    def columns_of(self, items: list[Any]) -> list[Any]:
        """The columns of items that are of these fields."""
        return list(zip(*(_taken_apart(item)[2] for item in items), strict=True))

    def block(self, columns: list[Any]) -> pa.RecordBatch:
        """Columns as Arrow. Raises as `Field.column` does."""
        return pa.record_batch([f.column(c) for f, c in zip(self.fields, columns, strict=True)], schema=self.schema)


def maker(schema: pa.Schema, of: type | None = None) -> Callable[[Sequence[Any]], Any]:
    """What makes an item of the values of its fields: as it was, but for a NamedTuple, which is a tuple if not `of`."""
    form, names = (schema.metadata or {}).get(FORM, b"dict"), schema.names
    if of is not None:
        return of._make
    if form == b"tuple":
        return tuple
    return (lambda values: values[0]) if form == b"item" else (lambda values: dict(zip(names, values, strict=True)))


def _taken_apart(item: Any) -> tuple[str, list[str], list[Any]]:
    """The form of an item, the names of its fields, and their values."""
    if isinstance(item, dict):
        if not all(isinstance(key, str) for key in item):
            raise Misfit(f"the keys of a dict must be strings; it is {short(item, 80)}")
        return "dict", list(item), list(item.values())
    if isinstance(item, tuple):
        return "tuple", list(getattr(item, "_fields", map(str, range(len(item))))), list(item)
    return "item", ["item"], [item]


def _described(value: Any) -> tuple[str, tuple[int, ...] | None] | None:
    """(kind, shape) of a value; None where it can't be stored."""
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):  # a matrix never has one dimension, nor do its rows
        return None
    if isinstance(value, np.ndarray):
        stored = value.ndim and value.dtype.kind in "iuf" and value.dtype.itemsize <= 8
        return (value.dtype.name, value.shape) if stored else None
    if isinstance(value, np.generic) and not isinstance(value, (str, bytes)):
        return (value.dtype.name, None) if value.dtype.kind in "biuf" and value.dtype.itemsize <= 8 else None
    kind = next((kind for kind in type(value).__mro__ if kind in _PLAIN), None)
    return None if kind is None else (_PLAIN[kind], None)


def _fits(field: Field, column: Any) -> bool:
    """Whether all elements of a column are of a field."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf" and not isinstance(column, np.ma.MaskedArray):
        return (column.dtype.name, column.shape[1:] or None) == (field.kind, field.shape)
    first = next(islice(column, 1), None)
    if field.shape is None and set(map(type, column)) == {type(first)}:  # all alike: one look is enough
        return field.of(first)
    return all(map(field.of, column))


def _said(value: Any) -> str:
    if isinstance(value, np.ndarray):
        masked = " with a mask" if isinstance(value, np.ma.MaskedArray) else ""
        what = "a numpy.matrix (np.asarray makes an array of it)" if isinstance(value, np.matrix) else "an array"
        return f"{what}{masked} {value.dtype.name}{list(value.shape)}"
    found = _described(value)
    return f"{found[0] if found else type(value).__name__} ({short(value, 40)})"


def _form(form: str, names: list[str]) -> str:
    return "no tuple and no dict" if form == "item" else f"a {form} of {', '.join(names)}"
