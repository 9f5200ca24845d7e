"""Exceptions that cross to another process: of the same kind there, whatever their `__init__` asks for."""

from __future__ import annotations

import pickle
from typing import Any

from d4p.describe.tracebacks import error_text


def pickled(error: BaseException) -> bytes:
    """An exception as bytes, from which `pickle.loads` makes one of its type, or, where that can't be named, of one
    called the same that is of the next of its bases that can. Of its attributes and arguments it has what can be
    pickled, else what it says.

    >>> class Own(KeyError):
    ...     def __init__(self, key, lock):
    ...         super().__init__(key, lock)
    >>> made = pickle.loads(pickled(Own("a", lambda: None)))
    >>> type(made).__name__, isinstance(made, KeyError), made.args[0][:4]
    ('Own', True, "('a'")
    """
    try:
        blob = pickle.dumps(error)
        if type(pickle.loads(blob)) is type(error):
            return blob
    except Exception:
        pass  # as where __init__ takes something else than it hands on
    name = type(error).__name__
    said = error_text(error).removeprefix(name).removeprefix(": ")
    for kind in type(error).__mro__:
        for args, state in ((error.args, vars(error)), (error.args, {}), ((said,), {})):
            try:
                blob = pickle.dumps(_Bare(name, kind, args, state))
                if isinstance(pickle.loads(blob), BaseException):
                    return blob
            except Exception:
                continue
    raise AssertionError("a BaseException of a text can be made anywhere")


class _Bare:
    """An exception in pieces."""

    def __init__(self, *pieces: Any) -> None:
        self.pieces = pieces

    def __reduce__(self) -> tuple[Any, ...]:
        return (_made, self.pieces)


def _made(name: str, kind: type, args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    cls: Any = kind if kind.__name__ == name else type(name, (kind,), {})
    made = cls.__new__(cls, *args)
    made.args = args  # some have them set by __init__ alone
    vars(made).update(state)
    return made
