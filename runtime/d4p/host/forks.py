"""Processes that PEs fork: what comes back out of a PE in one of them isn't the run, and ends there.

A child that doesn't end by itself, with `os._exit()`, would go on with the parent's items, write into its files and
channels, and commit its outputs. As in any program an exception ends it, and `sys.exit()` does.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

_SAID = ("a process that a PE has forked came back out of the PE, where it would do the run's work a second time, and "
         "is ended: it must end by itself, with os._exit()\n")
#: The process that has made the instances of PEs that are at work here; 0 where none has.
_owner = 0


def own() -> None:
    """Say that instances of PEs are made in this process: what they write is its own."""
    global _owner
    _owner = os.getpid()


def check(owner: int | None = None, error: BaseException | None = None) -> None:
    """To be called before something is written that is the run's, and where PEs are left, with the process that had
    called them, and with the `error` that came out of one. Doesn't return in a process that a PE has forked."""
    owner = _owner if owner is None else owner
    if owner and os.getpid() != owner:
        _end(error)


def _end(error: BaseException | None) -> NoReturn:
    status = 1
    try:
        if isinstance(error, SystemExit):
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
            if isinstance(error.code, str):
                print(error.code, file=sys.stderr)
        elif error is not None:
            traceback.print_exception(error)
        else:
            sys.stderr.write(_SAID)
            sys.stderr.flush()
            os._exit(status)  # what its parent had printed is the parent's to pass on
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        os._exit(status & 0xFF)
