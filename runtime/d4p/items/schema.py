"""What a port's `tuple_type` says about its items: names alone, or names with types, which is a schema.

    declaration                              items                              schema
    ["word", "count"]                        tuples, of what isn't said         none
    [("word", str), ("count", int)]          tuples of exactly these types      word: string, count: int64
    {"word": str, "count": int}              dicts with exactly these keys      word: string, count: int64

A type is int (64 bits), float, bool, str, bytes, or a one-dimensional numpy array of numbers: "float32[]".

An item is of a schema where writing it as columns and reading it back gives the same item: its types are these and no
others (True is no int, numpy.int64(1) neither), an int has 64 bits, a str has no lone surrogates, a dict has its keys
in the order of the declaration. What isn't of its schema is written in another way, never changed to fit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from d4p.frozen import dataclass
from d4p.graph.core import TYPE
from d4p.host.imported import imported

_PLAIN = {int: "int64", float: "float64", bool: "bool", str: "string", bytes: "binary"}
_CLASS = {name: cls for cls, name in _PLAIN.items()}
_NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
_ARRAYS = frozenset(f"{number}[]" for number in _NUMBERS)
_KNOWN = f"int, float, bool, str, bytes, or an array such as {'float32[]'!r} (of {', '.join(_NUMBERS)})"
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True)
class Field:
    """A column: `type` is int64, float64, bool, string, binary, or an array's, such as float32[]."""

    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name}: {self.type}"


@dataclass(frozen=True)
class Schema:
    """The fields of a port's items, in order; `form` is tuple or dict."""

    fields: tuple[Field, ...]
    form: type

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    def __str__(self) -> str:
        return ", ".join(map(str, self.fields))

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def has(self, field: int | str) -> bool:
        """Whether an item may have `item[field]` or the attribute `field`, as a NamedTuple has."""
        if isinstance(field, int):
            return self.form is tuple and -len(self) <= field < len(self)
        return field in self.names

    def fits(self, item: Any) -> bool:
        """Whether an item is exactly of this schema."""
        return self.columns([item]) is not None

    def columns(self, items: list[Any]) -> list[tuple] | None:
        """The values of each field, where every one of the items is exactly of this schema; else None."""
        if not items:
            return [() for _ in self.fields]
        if set(map(type, items)) != {self.form}:
            return None
        if self.form is tuple:
            if set(map(len, items)) != {len(self.fields)}:
                return None
            columns = list(zip(*items, strict=True))
        else:
            if set(map(tuple, items)) != {self.names} or not {type(k) for item in items for k in item} <= {str}:
                return None
            columns = [tuple(map(operator.itemgetter(name), items)) for name in self.names]
        checks = zip(self._checks, columns, strict=True)
        return columns if all(check(column) for check, column in checks) else None

    def items(self, columns: list[Iterable[Any]]) -> Iterator[Any]:
        """The items that `columns` came from."""
        rows = zip(*columns, strict=True)
        return rows if self.form is tuple else (dict(zip(self.names, row, strict=True)) for row in rows)

    @cached_property
    def _checks(self) -> list[Callable[[tuple], bool]]:
        return [_check(field.type) for field in self.fields]


def schema_of(port: Mapping[str, Any]) -> Schema | None:
    """The schema of a port, an entry of `inputconnections` or `outputconnections`; None where it declares none."""
    declared = port.get(TYPE)
    return declared_schema(declared) if why_none(declared) is None else None


def declared_schema(declared: Any) -> Schema:
    """The schema of a declaration that is one: `why_none` says of the others what they lack."""
    form = dict if isinstance(declared, Mapping) else tuple
    return Schema(tuple(Field(name, _named(what) or "") for name, what in _pairs(declared) or ()), form)


def why_none(declared: Any) -> str | None:
    """Why a declaration is no schema; None if it is one."""
    pairs = _pairs(declared)
    if pairs is None:
        return "it has names and no types" if declared else "it is empty"
    names = [name for name, _ in pairs]
    if not pairs:
        return "it is empty"
    for name, what in pairs:
        if not isinstance(name, str) or not name or not _encodable(name):
            return f"the name of a field must be a str; it is {name!r}"
        if names.count(name) > 1:
            return f"it has two fields called {name!r}"
        if _named(what) is None:
            return f"the type of {name!r} must be {_KNOWN}; it is {getattr(what, '__name__', repr(what))}"
    return None


def _pairs(declared: Any) -> list[tuple[Any, Any]] | None:
    """The names and types of a declaration, None where it isn't made of such pairs."""
    if isinstance(declared, Mapping):
        return list(declared.items())
    if not isinstance(declared, (list, tuple)):
        return None
    pairs = [pair for pair in declared if isinstance(pair, (list, tuple)) and len(pair) == 2]
    return [tuple(pair) for pair in pairs] if len(pairs) == len(declared) else None


def _named(what: Any) -> str | None:
    """The name of a type of a declaration."""
    if isinstance(what, str):
        return what if what in _ARRAYS else None
    return _PLAIN.get(what) if isinstance(what, type) else None


def _check(name: str) -> Callable[[tuple], bool]:
    """A function that says whether all values of a column are exactly of a type."""
    if name in _ARRAYS:
        return _array_check(name.removesuffix("[]"))
    kinds = {_CLASS[name]}
    if name == "int64":
        return lambda column: set(map(type, column)) == kinds and _LEAST <= min(column) and max(column) <= _MOST
    if name == "string":
        return lambda column: set(map(type, column)) == kinds and all(map(_encodable, column))
    return lambda column: set(map(type, column)) == kinds


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _array_check(dtype: str) -> Callable[[tuple], bool]:
    def check(column: tuple) -> bool:
        np = imported("numpy")  # where there is an array, it was imported
        return np is not None and all(
            type(value) is np.ndarray and value.ndim == 1 and value.dtype.isnative and value.dtype.name == dtype
            and value.dtype.metadata is None
            for value in column
        )

    return check
