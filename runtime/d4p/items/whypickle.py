"""Which part of an item cannot be pickled."""

from __future__ import annotations

import pickle
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Any

from d4p.keys.short import short

_DEEPEST = 50
#: What a function with `yield` in it gives, and `(... for ...)`: items that are still to be made.
_LATER = (Generator, AsyncGenerator)


def why_unpicklable(item: Any) -> str:
    """The path to the innermost part at fault, and its own pickling error; "" for an item that can be pickled.

    >>> import threading
    >>> why_unpicklable([1, {"f": threading.Lock()}])
    "[1]['f']: cannot pickle '_thread.lock' object"
    """
    return _find(item, "", set(), _DEEPEST)


def said_of_unmade(item: Any) -> str:
    """What its writer is told of a generator, which stands for several items; "" for another item."""
    return "its items are sent one by one, with self.write(port, item) for each" if isinstance(item, _LATER) else ""


def _find(part: Any, path: str, seen: set[int], deeper: int) -> str:
    error = _error(part)
    if error is None:
        return ""
    seen.add(id(part))
    for step, child in _children(part) if deeper else ():
        if id(child) not in seen:
            found = _find(child, path + step, seen, deeper - 1)
            if found:
                return found
    return f"{path or 'the item itself'}: {error}"


def _error(part: Any) -> str | None:
    try:
        pickle.dumps(part, 5)
    except RecursionError:
        return "nested too deeply to be pickled"
    except Exception as error:
        said = str(error) or type(error).__name__
        return "; ".join(filter(None, (said, said_of_unmade(part))))
    return None


def _children(part: Any) -> Iterator[tuple[str, Any]]:
    """The parts that pickle would descend into, each with its step of the path."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield f"[{short(key)}]", value
            yield f" key {short(key)}", key
    elif isinstance(part, (list, tuple)):
        yield from ((f"[{index}]", value) for index, value in enumerate(part))
    elif isinstance(part, (set, frozenset)):
        yield from ((f" element {short(value)}", value) for value in part)
    try:
        reduced = part.__reduce_ex__(5)
    except Exception:
        reduced = ()  # refused by the part itself; what it holds may still be why
    if not isinstance(reduced, tuple):
        return
    state = reduced[2] if len(reduced) > 2 else getattr(part, "__dict__", None)
    for attributes in state if isinstance(state, tuple) else (state,):
        if isinstance(attributes, dict):
            yield from ((f".{name}", value) for name, value in attributes.items())
    if state is not None and not isinstance(state, dict):
        yield ".__getstate__()", state
    if len(reduced) > 1 and isinstance(reduced[1], tuple):
        yield from ((f".__reduce__()[1][{index}]", value) for index, value in enumerate(reduced[1])
                    if value is not type(part))
