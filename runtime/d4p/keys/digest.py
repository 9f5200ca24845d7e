"""A 64-bit number for a group-by key: the same for all keys that compare equal, on every interpreter, engine and run.

Python's `hash` will not do: that of strings depends on PYTHONHASHSEED, lists and obspy times have none, and
numpy.float32(0.1) equals 0.1 but hashes differently. So a key is written as canonical bytes, which are digested.
"""

from __future__ import annotations

import array
import collections
import collections.abc
import dataclasses
import datetime as dt
import enum
import hashlib
import pathlib
import types
import uuid
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from d4p.errors import RunFailed
from d4p.keys import canonical, foreign
from d4p.keys.canonical import frame
from d4p.keys.short import short

_DEEPEST = 100
_KNOWN = (
    "None, numbers (numpy's too), str, bytes, tuples, lists, sets, dicts, ranges, datetime and UTCDateTime, "
    "numpy arrays, Enum members, dataclasses with a generated __eq__, UUIDs, paths, classes and functions"
)


class UnknownKey(RunFailed, TypeError):
    """A group-by key of a type whose equality isn't known, or that contains itself."""


def digest(key: Any) -> int:
    """0 <= digest(key) < 2**64, and a == b implies digest(a) == digest(b); all NaNs are one key.

    >>> digest(1) == digest(1.0) == digest(True) == digest(Decimal(1))
    True
    >>> digest((1, "a")) == digest([1, "a"])
    False

    Raises UnknownKey for a type whose equality isn't known. A class may say what it is compared by with a method
    `__d4p_key__()` that returns a value of a known type.
    """
    return int.from_bytes(hashlib.blake2b(_encode(key, ()), digest_size=8).digest(), "big")


def _encode(key: Any, above: tuple) -> bytes:
    """The canonical bytes of a key; `above` holds the ids of the containers it lies in."""
    cls = type(key)
    known = _encoders.get(cls)
    if known is None:
        known = _encoders[cls] = _encoder(cls)
    return known(key, above)


def _encoder(cls: type) -> Callable[[Any, tuple], bytes]:
    """How keys of a class are written. A subclass counts as its base where it has the base's own `__eq__`."""
    if hasattr(cls, "__d4p_key__"):
        return _own_key
    equality = cls.__eq__
    for base, write in _BASES:
        if issubclass(cls, base) and equality is base.__eq__:
            return write
    if issubclass(cls, enum.Enum) and equality is object.__eq__:
        return _flag if issubclass(cls, enum.Flag) else _member
    if dataclasses.is_dataclass(cls) and (owner := _generated_eq(cls)):
        names = [field.name for field in dataclasses.fields(owner) if field.compare]
        return lambda key, above: _record(key, names, above)
    return foreign.encoder(cls, _encode) or _refuse


def _refuse(key: Any, above: tuple) -> bytes:
    cls = type(key)
    raise UnknownKey(
        "a group-by key must be of a type whose equality is known everywhere, got "
        f"{cls.__module__}.{cls.__qualname__}: {short(key)}. These work: {_KNOWN}. "
        f"Group by a field of such a type, or give {cls.__qualname__} "
        "a method __d4p_key__() that returns one"
    )


def _inside(key: Any, above: tuple) -> tuple:
    """The containers above what `key` contains."""
    if id(key) in above:
        raise UnknownKey(f"a group-by key must not contain itself, got a {type(key).__qualname__} that does")
    if len(above) >= _DEEPEST:
        raise UnknownKey(f"a group-by key must not be nested deeper than {_DEEPEST} levels, got a deeper one")
    return (*above, id(key))


def _own_key(key: Any, above: tuple) -> bytes:
    return _encode(key.__d4p_key__(), _inside(key, above))


def _sequence(tag: bytes) -> Callable[[Any, tuple], bytes]:
    def write(key: Any, above: tuple) -> bytes:
        above = _inside(key, above)
        return frame(tag, *[_encode(part, above) for part in key])

    return write


def _set(key: Any, above: tuple) -> bytes:
    above = _inside(key, above)
    return frame(b"S", *sorted([_encode(part, above) for part in key]))


def _mapping(key: Any, above: tuple) -> bytes:
    """Entries in the order of their bytes. Those whose value is 0 are left out, since Counter(a=0) == Counter()."""
    above = _inside(key, above)
    entries = [(_encode(k, above), _encode(v, above)) for k, v in key.items()]
    return frame(b"M", *[k + v for k, v in sorted(entries) if v != canonical.ZERO])


def _memoryview(key: memoryview, above: tuple) -> bytes:
    try:
        values: Any = key.tolist()
    except (NotImplementedError, ValueError):
        return _refuse(key, above)
    for _ in range(key.ndim - 1):
        values = [value for row in values for value in row]
    return foreign.of_values(key.shape or (), values if key.ndim else [values], _encode, above)


def _range(key: range, above: tuple) -> bytes:
    steps = (len(key), *key[:1], *([key.step] if len(key) > 1 else []))
    return frame(b"r", *map(canonical.of_int, steps))


def _name(thing: Any) -> bytes:
    return _str(f"{thing.__module__}:{thing.__qualname__}", ())


def _str(key: str, above: tuple) -> bytes:
    return frame(b"u", str.encode(key, "utf-8", "surrogatepass"))


def _member(key: enum.Enum, above: tuple) -> bytes:
    return frame(b"E", _name(type(key)), _str(key.name, ()))


def _flag(key: enum.Flag, above: tuple) -> bytes:
    # By value: Python 3.10 has no name for a combination, later ones do.
    return frame(b"E", _name(type(key)), canonical.of_int(key.value))


def _generated_eq(cls: type) -> type | None:
    """The dataclass whose generated __eq__ this class has; None where somebody wrote it."""
    owner = next(base for base in cls.__mro__ if "__eq__" in vars(base))
    params = vars(owner).get("__dataclass_params__")
    code = getattr(owner.__eq__, "__code__", None)
    return owner if params and params.eq and code and code.co_filename == "<string>" else None


def _record(key: Any, names: list[str], above: tuple) -> bytes:
    above = _inside(key, above)
    return frame(b"D", _name(type(key)), *[_encode(getattr(key, name), above) for name in names])


def _path(key: pathlib.PurePath, above: tuple) -> bytes:
    windows = isinstance(key, pathlib.PureWindowsPath)
    return frame(b"W", _str(key.as_posix().lower(), ())) if windows else frame(b"P", _str(str(key), ()))


def _plain(write: Callable[[Any], bytes]) -> Callable[[Any, tuple], bytes]:
    return lambda key, above: write(key)


_named = _plain(lambda key: frame(b"N", _name(key)))
_singleton = _plain(lambda key: frame(b"0", repr(key).encode()))

# Tried from the top: a subclass that compares like its base is written like it.
_BASES: tuple[tuple[type, Callable[[Any, tuple], bytes]], ...] = (
    (str, _str),
    (int, _plain(canonical.of_int)),
    (float, _plain(canonical.of_float)),
    (complex, _plain(canonical.of_complex)),
    (Decimal, _plain(canonical.of_decimal)),
    (Fraction, _plain(canonical.of_fraction)),
    (type(None), _singleton),
    (type(Ellipsis), _singleton),
    (bytes, _plain(lambda key: foreign.frame_bytes(bytes(key)))),
    (bytearray, _plain(lambda key: foreign.frame_bytes(bytes(key)))),
    (memoryview, _memoryview),
    (array.array, lambda key, above: foreign.of_values((len(key),), key.tolist(), _encode, above)),
    (tuple, _sequence(b"(")),
    (list, _sequence(b"[")),
    (collections.deque, _sequence(b"q")),
    (frozenset, _set),
    (set, _set),
    (type({}.keys()), _set),
    (type({}.items()), _set),
    (collections.abc.Set, _set),
    (dict, _mapping),
    (collections.OrderedDict, _mapping),
    (collections.Counter, _mapping),
    (types.MappingProxyType, _mapping),
    (collections.abc.Mapping, _mapping),
    (range, _range),
    (dt.datetime, _plain(canonical.of_datetime)),
    (dt.date, _plain(canonical.of_date)),
    (dt.time, _plain(canonical.of_time)),
    (dt.timedelta, _plain(canonical.of_timedelta)),
    (uuid.UUID, _plain(lambda key: frame(b"U", canonical.of_int(key.int)))),
    (pathlib.PurePath, _path),
    (type, _named),
    (types.FunctionType, _named),
    (types.BuiltinFunctionType, _named),
)

# What _encoder found, by class.
_encoders: dict[type, Callable[[Any, tuple], bytes]] = {}
