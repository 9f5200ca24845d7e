"""Lines that stay whole where several processes write to one pipe, however long they are."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from typing import TextIO

_lock = threading.Lock()


def write_line(line: str, stream: TextIO) -> None:
    """Write a line and its end as one, now, behind what the stream still holds. What its encoding doesn't have is
    escaped."""
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
