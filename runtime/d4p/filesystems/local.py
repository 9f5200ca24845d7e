"""The file system of this machine. A workflow with local files needs nothing else on its workers."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import uuid
from typing import Any, BinaryIO, cast

from d4p.filesystems.appended import Appended
from d4p.filesystems.globs import expand

_AT_FDCWD, _RENAME_NOREPLACE = -100, 1
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


class Local:
    """See `d4p.filesystems`."""

    atomic = True
    exists = staticmethod(os.path.exists)
    isdir = staticmethod(os.path.isdir)

    def info(self, path: str) -> dict[str, Any]:
        status = os.stat(path)
        mode = status.st_mode
        kind = "directory" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"
        which = {"id": (status.st_dev, status.st_ino)} if kind == "directory" else {}
        return {"name": path, "type": kind, "size": status.st_size, "mtime": status.st_mtime, **which}

    def ls(self, path: str, detail: bool = True) -> list[Any]:
        names = [os.path.join(path, name) for name in os.listdir(path or os.curdir)]
        return [self.info(name) for name in names if os.path.exists(name)] if detail else names

    def glob(self, path: str, detail: bool = True) -> dict[str, dict[str, Any]]:
        return expand(self, path)

    def open(self, path: str, mode: str = "rb", follow: bool = True) -> BinaryIO:
        return cast(BinaryIO, open(path, mode, opener=None if follow else not_following))

    def append(self, path: str) -> Appended:
        """A new file, one of any number that are written side by side."""
        return Appended(path)

    def create(self, path: str, data: bytes) -> None:
        temporary = beside(path)
        try:
            with open(temporary, "xb") as file:
                file.write(data)
            self.rename(temporary, path)
        except BaseException:
            if os.path.exists(temporary):
                os.remove(temporary)
            raise

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        os.makedirs(path, exist_ok=exist_ok)

    def rename(self, source: str, dest: str) -> None:
        number = _renameat2(source, dest)
        if number in _UNSUPPORTED:  # not Linux, or a network file system: look first
            if os.path.lexists(dest):
                number = errno.EEXIST
            else:
                os.rename(source, dest)
                return
        if number == errno.EEXIST:
            raise FileExistsError(number, os.strerror(number), dest)
        if number:
            raise OSError(number, os.strerror(number), source, None, dest)

    def replace(self, source: str, dest: str) -> None:
        os.replace(source, dest)

    def rm(self, path: str, recursive: bool = False) -> None:
        if not os.path.isdir(path) or os.path.islink(path):
            os.remove(path)
        elif recursive:
            shutil.rmtree(path)
        else:
            os.rmdir(path)

    def get_file(self, path: str, local: str) -> None:
        shutil.copyfile(path, local)

    def unstrip_protocol(self, path: str) -> str:
        return path

    def invalidate_cache(self) -> None:
        """There is none."""


def not_following(path: str, flags: int) -> int:
    """An `opener` for a file that must be no link."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)


def beside(path: str) -> str:
    """A hidden name in the same folder that nothing else has."""
    folder, _, name = path.rstrip("/").rpartition("/")
    return f"{folder}/.{name}.{uuid.uuid4().hex}" if folder or path.startswith("/") else f".{name}.{uuid.uuid4().hex}"


def _renameat2(source: str, dest: str) -> int:
    """Linux's rename that never replaces; the error's number, 0 where there is none. Python has no name for it."""
    if sys.platform != "linux":
        return errno.ENOSYS
    import ctypes  # here, since few runs rename a thing

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return errno.ENOSYS
    done = call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(dest), _RENAME_NOREPLACE)
    return ctypes.get_errno() if done else 0
