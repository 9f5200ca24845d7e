"""Which instance of a PE an item goes to under a group-by grouping."""

from __future__ import annotations

import datetime as dt
import sys
import uuid
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from d4p.errors import RunFailed
from d4p.keys.digest import UnknownKey, digest
from d4p.keys.short import short

__all__ = ["Field", "MissingField", "UnknownKey", "by_key", "digest", "require", "values"]

Field = int | str

_MOST_KEYS = 100_000
_LONGEST_KEY = 1_000
# What an item raises that has no such subscript: dicts, sequences, objects, numpy arrays, obspy traces.
NO_SUBSCRIPT = (TypeError, LookupError, AttributeError, ValueError)

# Exact types whose hash and equality, as a dict uses them, are those of `digest`: only they may be looked up in the
# memo. An instance of a user class could equal 1; timedelta64 equals and hashes like its bare count, whatever its unit.
# (A signalling NaN among the Decimals has no hash.)
_KEEPABLE = frozenset(
    {type(None), bool, int, float, complex, str, bytes, dt.date, dt.datetime, dt.timedelta, uuid.UUID}
)


class MissingField(RunFailed):
    """An item lacks a field that its group-by grouping names."""


def by_key(fields: Sequence[Field], instances: int, what: str = "group-by") -> Callable[[Any], int]:
    """A function that gives the instance, 0 <= i < instances, that an item goes to.

    A field is an index or a name: `item[field]`, or the attribute of that name. One field is the key itself, several
    are a tuple. The function raises MissingField, which calls it by `what` it is for, and UnknownKey.

    >>> route = by_key([0], 8)
    >>> route(("the", 1)) == route(("the", 2))
    True

    Destinations of recent keys are remembered (in one dictionary per function, emptied when it holds 100,000), since
    keys repeat and a digest costs ten times a look-up.
    """
    fields = tuple(fields)
    if not fields:
        raise ValueError("group-by needs at least one field, got none")
    if instances < 1:
        raise ValueError(f"group-by needs at least one instance, got {instances}")
    memo: dict[Any, int] = {}
    kinds = set(_KEEPABLE)

    def compute(key: Any, parts: tuple) -> int:
        destination = digest(key) % instances
        if _worth_keeping(parts, kinds):
            if len(memo) >= _MOST_KEYS:
                memo.clear()
            memo[key] = destination
        return destination

    if len(fields) == 1:
        (field,) = fields

        def route(item: Any) -> int:
            try:
                key = item[field]
            except NO_SUBSCRIPT:
                key = _attribute(item, field, fields, what)
            if type(key) in kinds:
                found = memo.get(key)
                if found is not None:
                    return found
            return compute(key, (key,))

        route.memo, route.kinds = memo, kinds  # for a caller that looks up for itself
        return route

    get = itemgetter(*fields)

    def route_tuple(item: Any) -> int:
        try:
            key = get(item)
        except NO_SUBSCRIPT:
            key = values(fields, item, what)
        for part in key:
            if type(part) not in kinds:
                break
        else:
            found = memo.get(key)
            if found is not None:
                return found
        return compute(key, key)

    return route_tuple


def require(fields: Sequence[Field], item: Any) -> None:
    """Raise MissingField unless the item has all the fields."""
    for field in fields:
        try:
            item[field]
        except NO_SUBSCRIPT:
            _attribute(item, field, fields, "group-by")


def values(fields: Sequence[Field], item: Any, what: str) -> tuple:
    """The fields of an item. Raises MissingField, which says `what` needs them."""
    return tuple(_value(item, field, fields, what) for field in fields)


def _value(item: Any, field: Field, fields: Sequence[Field], what: str) -> Any:
    try:
        return item[field]
    except NO_SUBSCRIPT:
        return _attribute(item, field, fields, what)


def _attribute(item: Any, field: Field, fields: Sequence[Field], what: str) -> Any:
    """The attribute of that name of an item without such a subscript. A method is not a field."""
    if isinstance(field, str) and type(item).__module__ != "builtins":
        try:
            value = getattr(item, field)
        except AttributeError:
            pass
        else:
            if getattr(value, "__self__", None) is not item:
                return value
    names = ", ".join(map(repr, fields))
    lacks = "" if len(fields) == 1 else f" that lacks {field!r}"
    raise MissingField(
        f"{what} [{names}] needs items with {'that field' if len(fields) == 1 else 'those fields'}, "
        f"got one of type {type(item).__qualname__}{lacks}: {short(item)}. It has {_what_it_has(item)}"
    ) from None


def _what_it_has(item: Any) -> str:
    """The fields that exist, for the message."""
    if isinstance(item, (str, bytes)):
        return f"{len(item)} characters"
    names = getattr(item, "_fields", None)  # a namedtuple
    if isinstance(item, dict):
        names = item
    elif names is None and hasattr(item, "__dict__") and not hasattr(item, "__len__"):
        names = [name for name in vars(item) if not name.startswith("_")]
    try:
        if names is None:
            return f"{len(item)} elements, from 0"
        listed = ", ".join(map(short, list(names)[:20]))
    except (TypeError, NotImplementedError):
        return "neither elements nor named fields"
    return f"the fields {listed}" if listed else "no fields"


def _worth_keeping(parts: tuple, kinds: set[type]) -> bool:
    """Whether to remember a key: safe to look up, not long, and no NaN, which no look-up would find."""
    for part in parts:
        cls = type(part)
        if cls not in kinds:
            if not _is_numpy_number(cls):
                return False
            kinds.add(cls)
        if part != part or (cls in (str, bytes) and len(part) > _LONGEST_KEY):
            return False
    return True


def _is_numpy_number(cls: type) -> bool:
    if cls.__module__ != "numpy":
        return False
    np: Any = sys.modules["numpy"]
    return issubclass(cls, (np.bool_, np.integer, np.floating)) and not issubclass(cls, np.timedelta64)
