"""The record of a run, wherever it is to be."""

from __future__ import annotations

from collections.abc import Callable

from d4p.filesystems import is_url
from d4p.record.record import Record


def record_in(runs: str, run: str, unwritten: Callable[[str], None]) -> Record:
    """The record of a run in a folder, or at a URL."""
    if is_url(runs):
        from d4p.record.elsewhere import Elsewhere  # here, since most are on this machine

        return Elsewhere(runs, run, unwritten)
    return Record(runs, run, unwritten)
