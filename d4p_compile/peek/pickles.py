"""Pickles of others, read without importing anything of theirs: a class that isn't known stands for itself by name."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any, BinaryIO

_KNOWN = {
    "builtins": {"complex", "set", "frozenset", "bytearray", "range", "slice"},
    "collections": {"OrderedDict", "Counter", "deque", "defaultdict"},
    "datetime": {"datetime", "date", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"}, "fractions": {"Fraction"}, "uuid": {"UUID"}, "_codecs": {"encode"},
    "numpy": {"ndarray", "dtype"},
}  # fmt: skip
_NUMPY = {"_reconstruct", "scalar", "_frombuffer"}


class Other:
    """An object of a class that isn't imported."""

    shown = "?"

    def __new__(cls, *arguments: Any, **_: Any) -> Other:
        made = object.__new__(cls)
        made.arguments, made.state = arguments, None
        return made

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.arguments += ((key, value),)

    def append(self, value: Any) -> None:
        self.arguments += (value,)

    def extend(self, values: Any) -> None:
        self.arguments += tuple(values)

    def __repr__(self) -> str:
        said = [repr(argument) for argument in self.arguments]
        if isinstance(self.state, dict):
            said += [f"{name}={value!r}" for name, value in self.state.items()]
        elif self.state is not None:
            said.append(repr(self.state))
        return f"{self.shown}({', '.join(said)})"


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        numpys = module.startswith(("numpy.core.", "numpy._core.")) and name in _NUMPY
        if name in _KNOWN.get(module, ()) or numpys:
            return super().find_class(module, name)
        return type(name, (Other,), {"shown": name})


def records(file: BinaryIO) -> Iterator[Any]:
    """The objects pickled one after the other. Raises pickle.UnpicklingError, EOFError where one is cut."""
    while True:
        if not file.peek(1) if hasattr(file, "peek") else _at_end(file):
            return
        yield _Unpickler(file).load()


def _at_end(file: BinaryIO) -> bool:
    byte = file.read(1)
    if byte:
        file.seek(-1, 1)
    return not byte
