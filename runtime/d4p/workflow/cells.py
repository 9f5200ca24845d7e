"""Code that is pickled by value, of a notebook's cells or of a script, with its source: so tracebacks show its lines
where it runs, which may be another machine."""

from __future__ import annotations

import linecache
import os
import pickle
from collections.abc import Callable
from types import CodeType
from typing import Any


class Carried:
    """Pickled in the place of what `pickled` is a pickle of, and unpickled as that; where it is, tracebacks know the
    `sources` of its code, by file name."""

    def __init__(self, pickled: bytes, sources: dict[str, str]) -> None:
        self.pickled, self.sources = pickled, sources

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, (self.pickled, self.sources)


def _unpacked(pickled: bytes, sources: dict[str, str]) -> Any:
    for name, source in sources.items():
        if not os.path.exists(name):  # an entry without a time isn't looked for
            linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    return pickle.loads(pickled)


def named(name: str, make: Callable[..., CodeType], arguments: tuple) -> CodeType:
    """A code object that says which file it is of."""
    return make(*arguments).replace(co_filename=name)
