"""What stands around a reader's `read` where a policy says what becomes of what it can't read.

What it gives for a split (a file, or a piece of one) waits until it has read all of it, in memory and then on disk, so
a file that is broken in its midst gives nothing. A record that `Reader.parsed` can't make an item of is left out alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import Any

from d4p.errors import D4pError, Refused
from d4p.filesystems import locate
from d4p.host import scratch
from d4p.places.held import Held, Kept
from d4p.stage.policed import Policed

#: In the place of the port, of a record.
RECORD = "record"
#: So many items are held together.
_SOME = 1024


class Reading:
    """One instance of a reader that has a policy; its `read` is replaced."""

    def __init__(self, pe: Any, name: str, policed: Policed) -> None:
        self.pe, self.name = pe, name
        self.failures = policed.failures
        self._policed, self._inner = policed, pe.read
        self._held = Held(scratch.folder() or tempfile.gettempdir())
        self._number = 0
        self._broken: list[tuple[Any, int, Exception, int]] = []
        self._fail = getattr(pe, "_d4p_broken", None)
        pe.read, pe._d4p_broken = self._read, self._try_again

    def _read(self, split: Any) -> Iterator[Any]:
        self._number += 1
        tries = 0
        while True:
            kept, raised = self._all_of(split)
            if raised is None:
                break
            for some in kept:
                self._held.get(some)
            error = _cause(raised)
            if not self._policed.tries_again(error, tries):
                try:
                    self._policed.failed(None, split, self._number, error, tries + 1, record=self._records + 1)
                except Exception as failed:
                    raise raised if failed is error else failed from None
                return
            tries += 1
        for record, number, broken, tried in self._broken:
            try:
                self._policed.failed(RECORD, record, self._number, broken, tried, record=number)
            except Exception as failed:
                if failed is broken and self._fail is not None:
                    self._fail(record, number, broken)
                raise
        for some in kept:
            yield from self._held.get(some)

    def _try_again(self, record: Any, number: int, error: Exception) -> tuple[Any, ...]:
        """The item that a record is in another try, if that is one, where `parse` has raised for it."""
        tries = 0
        while self._policed.tries_again(error, tries):
            tries += 1
            try:
                return (self.pe.parse(record),)
            except Exception as again:
                error = again
        self._broken.append((record, number, error, tries + 1))
        return ()

    def _all_of(self, split: Any) -> tuple[list[Kept], Exception | None]:
        """What it gives for a split, and what it raised before that was all."""
        kept: list[Kept] = []
        self._broken, self._records = [], 0
        items: Iterator[Any] | None = None
        while True:
            some: list[Any] = []
            try:
                if items is None:  # a `read` that is no generator has read all when it is called
                    items = iter(self._inner(split))
                some.extend(islice(items, _SOME))
            except Refused:
                raise
            except Exception as error:
                self._records += len(some) + len(self._broken)
                return kept, error
            if not some:
                return kept, None
            self._records += len(some)
            kept.append(self._held.put(some))


def _cause(error: Exception) -> Exception:
    """What a reader of the library has told in words of its own."""
    return error.__cause__ if isinstance(error, D4pError) and isinstance(error.__cause__, Exception) else error


def place_of(split: Any) -> dict[str, Any]:
    """Which file a split is of, and from which byte on, where it says so as those of the library do; else itself, as
    text."""
    source, name = getattr(split, "source", None), getattr(split, "name", None)
    if not isinstance(source, str) or not isinstance(name, str):
        return {"split": repr(split)[:200]}
    offset = getattr(split, "start", 0)
    return {"file": locate(source)[0].unstrip_protocol(name), "offset": offset if isinstance(offset, int) else 0}
