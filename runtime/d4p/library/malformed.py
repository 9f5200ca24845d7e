"""Malformed text: replaced by U+FFFD, and told of."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Handlers of errors that nobody decodes with now: codecs know one by its name alone, and forget none.
_free: list[str] = []
_tells: dict[str, Callable[[], None]] = {}


@contextmanager
def replacing(tell: Callable[[], None]) -> Iterator[str]:
    """A handler of errors for codecs, that does what "replace" does and calls `tell` each time.

    >>> with replacing(lambda: print("malformed")) as errors:
    ...     b"text".decode("utf-8", errors), b"te\\xffxt".decode("utf-8", errors)
    malformed
    ('text', 'te\ufffdxt')
    """
    name = _free.pop() if _free else _registered(f"d4p-replace-{len(_tells)}")
    _tells[name] = tell
    try:
        yield name
    finally:
        _free.append(name)


def _registered(name: str) -> str:
    def replace(error: UnicodeError) -> tuple[str | bytes, int]:
        _tells[name]()
        return codecs.replace_errors(error)

    codecs.register_error(name, replace)
    return name
