"""Lines that stay whole where several processes write to one pipe, however long they are."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

_lock = threading.Lock()


@contextlib.contextmanager
def own_streams() -> Iterator[None]:
    """Whatever PEs put in the place of `sys.stdout` and `sys.stderr` within this, what is said afterwards goes where
    it went before."""
    before = sys.stdout, sys.stderr
    try:
        yield
    finally:
        for now, mine in zip((sys.stdout, sys.stderr), before, strict=True):
            if now is not mine:
                with contextlib.suppress(Exception):  # it may be anything
                    now.flush()
        sys.stdout, sys.stderr = before


def write_line(line: str, stream: TextIO | None) -> None:
    """Write a line and its end as one, now, behind what the stream still holds. What its encoding doesn't have is
    escaped. Without a stream nobody reads it."""
    if stream is None:
        return
    text = f"{line}\n"
    encoding = getattr(stream, "encoding", None)
    if encoding and not text.isascii():
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    with _lock, _alone(stream):
        stream.write(text)
        stream.flush()


@contextlib.contextmanager
def _alone(stream: TextIO) -> Iterator[None]:
    """Nobody else writes a line to the same pipe meanwhile. Elsewhere the system sees to that (files, terminals), or
    can't.

    A pipe takes no more than 4 KiB in one piece, so those who write to it lock it. The lock ends with its holder.
    """
    locked = None
    with contextlib.suppress(OSError, ValueError, AttributeError):  # no file, or a system without such locks
        number = stream.fileno()
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            fcntl.lockf(number, fcntl.LOCK_EX)
            locked = number
    try:
        yield
    finally:
        if locked is not None:
            with contextlib.suppress(OSError):
                fcntl.lockf(locked, fcntl.LOCK_UN)
