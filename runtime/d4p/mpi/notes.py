"""Notes that ranks leave in rank 0's folder, where they share it: how far each is, to be read when it has died."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Callable, Iterator
from typing import Any

from d4p.events import Sampler

#: Seconds between two notes.
_EVERY = 0.1


@contextlib.contextmanager
def noting(folder: str, rank: int, reports: Callable[[], list[dict[str, Any]]]) -> Iterator[None]:
    """Within this, write down what the instances have done so far; whole at any time, also after a kill."""
    path = _path(folder, rank)

    def note() -> None:
        with contextlib.suppress(OSError):  # a full disk is for results to complain of
            with open(f"{path}.new", "wb") as file:
                pickle.dump(reports(), file)
            os.replace(f"{path}.new", path)

    try:
        with Sampler(note, _EVERY):
            yield
    finally:
        for name in (path, f"{path}.new"):
            with contextlib.suppress(OSError):
                os.unlink(name)


def last(folder: str, rank: int) -> list[dict[str, Any]]:
    """The last note of a rank; empty where there is none."""
    try:
        with open(_path(folder, rank), "rb") as file:
            return pickle.load(file)
    except (OSError, EOFError, pickle.UnpicklingError):
        return []


def _path(folder: str, rank: int) -> str:
    return os.path.join(folder, f".rank-{rank}")
