"""What the two ways to HDFS share: everything that follows from a few calls of the server's."""

from __future__ import annotations

import ctypes
import errno
import io
import os
import shutil
from typing import Any, BinaryIO

from d4p.filesystems.globs import expand
from d4p.filesystems.local import beside

_COPY = 4 << 20


class Remote:
    """Base of `Hdfs` and `WebHdfs`, which add info, ls, open, rename, replace, rm and `_mkdirs`.

    Attributes:
        root: the URL of the file system, without a path.
    """

    root: str
    atomic = True

    def info(self, path: str) -> dict[str, Any]:
        raise NotImplementedError

    def exists(self, path: str) -> bool:
        try:
            self.info(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def isdir(self, path: str) -> bool:
        try:
            return self.info(path)["type"] == "directory"
        except (FileNotFoundError, NotADirectoryError):
            return False

    def glob(self, path: str, detail: bool = True) -> dict[str, dict[str, Any]]:
        return expand(self, path)

    def open(self, path: str, mode: str = "rb") -> BinaryIO:
        raise NotImplementedError

    def create(self, path: str, data: bytes) -> None:
        temporary = beside(path)
        try:
            with self.open(temporary, "xb") as file:
                file.write(data)
            self.rename(temporary, path)
        except BaseException:
            try:
                self.rm(temporary)
            except OSError:
                pass  # the error above is the one to tell
            raise

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        if exist_ok:
            self._mkdirs(path)
            return
        # HDFS makes a folder that is there without a word; a rename tells which of two made it.
        temporary = beside(path)
        self._mkdirs(temporary)
        try:
            self.rename(temporary, path)
        except OSError:
            self.rm(temporary, recursive=True)
            raise

    def _mkdirs(self, path: str) -> None:
        raise NotImplementedError

    def rename(self, source: str, dest: str) -> None:
        raise NotImplementedError

    def replace(self, source: str, dest: str) -> None:
        raise NotImplementedError

    def rm(self, path: str, recursive: bool = False) -> None:
        raise NotImplementedError

    def get_file(self, path: str, local: str) -> None:
        with self.open(path, "rb") as file, open(local, "wb") as copy:
            shutil.copyfileobj(file, copy, _COPY)

    def unstrip_protocol(self, path: str) -> str:
        return f"{self.root}{path}"

    def invalidate_cache(self) -> None:
        """There is none."""


class PerProcess:
    """Something that a process makes for itself and never gets from the one that forked it."""

    def __init__(self, make: Any) -> None:
        self._make = make
        self._pid, self._made = 0, None

    def get(self) -> Any:
        if self._pid != os.getpid():
            keep(self._made)
            self._made = self._make()
            self._pid = os.getpid()
        return self._made

    def __del__(self) -> None:
        if self._pid != os.getpid():
            keep(self._made)


def same_process(pid: int, path: str) -> None:
    """A file belongs to the process that opened it, which may be writing to it still."""
    if pid != os.getpid():
        raise OSError(errno.EBADF, "it was opened before this process was forked: open it again here", path)


def keep(inherited: Any) -> None:
    """Let nothing ever drop what the parent made: a client of hdfs-native waits, when it is dropped, for threads that
    the fork left behind."""
    if inherited is not None:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))


class Seekable(io.RawIOBase):
    """A file that is read: a place in it that seeking moves, and a length that is known."""

    _at: int
    _size: int

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(start + offset, 0)
        return self._at
