"""Pickles of others, read without importing or calling anything of theirs: whatever a pickle names stands for itself by
its name, with what it was to be called with. Dates and arrays of numbers are then made from their bytes, here."""

from __future__ import annotations

import datetime as dt
import pickle
import re
import reprlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

_NUMBERS = re.compile(r"[biufcUS]\d+")
_DEEPEST = 8  # that a cell of a table shows


class _Type(type):
    shown: str

    def __repr__(cls) -> str:
        return cls.shown


class Other(metaclass=_Type):
    """What a pickle names, and what it does to it."""

    module = shown = "?"
    arguments: tuple[Any, ...]
    named: dict[str, Any]
    state: Any

    def __new__(cls, *arguments: Any, **named: Any) -> Other:
        made = object.__new__(cls)
        made.arguments, made.named, made.state = arguments, named, None
        return made

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.arguments += ((key, value),)

    def append(self, value: Any) -> None:
        self.arguments += (value,)

    add = append

    def extend(self, values: Any) -> None:
        self.arguments += tuple(values)

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        said = [repr(plain(argument)) for argument in self.arguments]
        state = self.state if isinstance(self.state, dict) else {}
        said += [f"{name}={plain(value)!r}" for name, value in {**self.named, **state}.items()]
        if self.state is not None and not isinstance(self.state, dict):
            said.append(repr(plain(self.state)))
        return f"{self.shown}({', '.join(said)})"


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _Type("Other", (Other,), {"module": module, "shown": name})


def records(file: Any) -> Iterator[Any]:
    """The objects pickled one after the other. Raises pickle.UnpicklingError, EOFError where one is cut."""
    while True:
        if not file.peek(1) if hasattr(file, "peek") else _at_end(file):
            return
        yield plain(_Unpickler(file).load())


def _at_end(file: BinaryIO) -> bool:
    byte = file.read(1)
    if byte:
        file.seek(-1, 1)
    return not byte


def plain(value: Any, deep: int = 0) -> Any:
    """A value with the dates and arrays in it made."""
    if isinstance(value, Other):
        return _made(value)
    if deep < _DEEPEST and type(value) in (list, tuple):
        return type(value)(plain(one, deep + 1) for one in value)
    if deep < _DEEPEST and type(value) is dict:
        return {key: plain(one, deep + 1) for key, one in value.items()}
    return value


def _made(other: Other) -> Any:
    """The value that it stands for, where that is bytes of a known form; else itself."""
    module, name, arguments = other.module, other.shown, other.arguments
    try:
        if (module, name) == ("_codecs", "encode"):
            return str.encode(arguments[0], "latin-1") if arguments[1:] == ("latin1",) else other
        if module == "datetime" and name in ("datetime", "date", "time") and len(arguments) == 1:
            return getattr(dt, name)(bytes(plain(arguments[0])))
        if module == "datetime" and name == "timedelta" and {*map(type, arguments)} == {int}:
            return dt.timedelta(*arguments)
        if module.startswith("numpy"):
            return _array(name, other)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        pass
    return other


def _array(name: str, other: Other) -> Any:
    if name == "_frombuffer":
        buffer, of, shape, order = other.arguments
        return np.frombuffer(buffer, _dtype(of)).reshape(shape, order=order)
    if name == "_reconstruct" and other.state is not None:
        _, shape, of, fortran, data = other.state
        return np.frombuffer(plain(data), _dtype(of)).reshape(shape, order="F" if fortran else "C")
    if name == "scalar":
        return np.frombuffer(plain(other.arguments[1]), _dtype(other.arguments[0]))[0]
    return other


def _dtype(of: Any) -> np.dtype:
    """Raises ValueError where it isn't one of numbers or text."""
    if not isinstance(of, Other) or of.shown != "dtype" or not _NUMBERS.fullmatch(of.arguments[0]):
        raise ValueError
    order = of.state[1] if of.state is not None and of.state[1] in ("<", ">") else ""
    return np.dtype(order + of.arguments[0])
