"""The folder of a run: all that it keeps on disk for itself, gone with it, or at the next start where all were killed
that could have removed it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from typing import Any

from d4p.host import keeper, keeping

_PREFIX = "d4p-run-"
_SHARED = "/dev/shm"
#: Those of this process: a process's own locks don't keep it out, and are gone when it closes another file's.
_MINE: set[str] = set()


class RunFolder:
    """A temporary folder, and the mark of the processes of a run that owns it.

    Args:
        place: where to make it, if not where temporary files go.
        mark: that of the run, if it has one already.

    Attributes:
        name: its path.
        mark: see `d4p.host.keeper`.
    """

    def __init__(self, place: str | None = None, mark: int = 0) -> None:
        place = place or tempfile.gettempdir()
        _remove_left(place)
        self.mark = mark or keeper.new()
        self.name = tempfile.mkdtemp(prefix=_PREFIX, dir=place)
        self._owner = os.getpid()
        self._memory: RunFolder | None = None
        _MINE.add(self.name)
        self._keeper: subprocess.Popen | None = None
        path = os.path.join(self.name, keeper.LOCK)
        self._lock = os.open(f"{path}.new", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(self._lock, b"%d" % self.mark)
        with contextlib.suppress(OSError):  # a file system without locks: there it stays where all are killed
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
            os.rename(f"{path}.new", path)  # so nobody finds it without a lock

    def keep(self, others: Iterable[str] = ()) -> None:
        """From now on a keeper sees to it that nothing is left of the run, should this process be killed; of files and
        folders of `others` neither, who remove them if nobody is."""
        if self._keeper is None:
            more = [*others, *([self._memory.name] if self._memory else [])]
            self._keeper = keeping.start(self.mark, self.name, *more)

    def in_memory(self) -> str | None:
        """Another folder of the run's, in memory that processes share, if this machine has such a place; asked for
        before `keep`."""
        if self._memory is None and os.access(_SHARED, os.W_OK | os.X_OK):
            self._memory = RunFolder(_SHARED, self.mark)
        return self._memory and self._memory.name

    def end(self) -> None:
        """End what is left of the run's processes."""
        keeper.end(self.mark)

    def cleanup(self) -> None:
        """End what is left of the run, and remove the folder; in its own process, not in a fork of it."""
        if os.getpid() != self._owner:
            return
        self.end()
        shutil.rmtree(self.name, ignore_errors=True)
        if self._memory is not None:
            self._memory.cleanup()
        if self._keeper is not None:
            self._keeper.kill()
            self._keeper.wait()
            self._keeper = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
            _MINE.discard(self.name)

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.cleanup()


def _remove_left(place: str) -> None:
    """Remove the folders of runs of this user all of whose processes were killed, with what is left of those runs."""
    for name in _there(place):
        path = os.path.join(place, name)
        if not name.startswith(_PREFIX) or path in _MINE:
            continue
        with contextlib.suppress(OSError, ValueError):  # it is in use, or another user's, or not ours at all
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(folder).st_uid == os.getuid():
                    _remove_if_left(path, folder)
            finally:
                os.close(folder)


def _there(place: str) -> list[str]:
    try:
        return os.listdir(place)
    except OSError:
        return []


def _remove_if_left(path: str, folder: int) -> None:
    lock = os.open(keeper.LOCK, os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        keeper.end(int(os.read(lock, 32)), grace=keeper.GRACE)
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)
