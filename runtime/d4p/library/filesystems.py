"""Where a path lies: on this machine, or behind a URL. Both answer to the same few names, those of fsspec."""

from __future__ import annotations

import glob
import os
import re
import shutil
from typing import Any, BinaryIO

from d4p.errors import Refused

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(://|::)")


class Local:
    """The file system of this machine, as the part of fsspec's `AbstractFileSystem` that is used here.

    A workflow with local files needs no fsspec on its workers.
    """

    exists = staticmethod(os.path.exists)
    isdir = staticmethod(os.path.isdir)

    def info(self, path: str) -> dict[str, Any]:
        kind = "directory" if os.path.isdir(path) else "file"
        return {"name": path, "type": kind, "size": os.stat(path).st_size}

    def ls(self, path: str, detail: bool = True) -> list[Any]:
        names = [os.path.join(path, name) for name in os.listdir(path)]
        return [self.info(name) for name in names if os.path.exists(name)] if detail else names

    def glob(self, path: str, detail: bool = True) -> dict[str, dict[str, Any]]:
        return {name: self.info(name) for name in glob.glob(path, recursive=True) if os.path.exists(name)}

    def open(self, path: str, mode: str = "rb") -> BinaryIO:
        return open(path, mode)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        os.makedirs(path, exist_ok=exist_ok)

    def mv(self, source: str, dest: str, recursive: bool = False) -> None:
        os.replace(source, dest)

    def rm(self, path: str, recursive: bool = False) -> None:
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    def touch(self, path: str) -> None:
        open(path, "wb").close()

    def unstrip_protocol(self, path: str) -> str:
        return path


def is_url(path: str) -> bool:
    return _URL.match(path) is not None


def locate(path: str) -> tuple[Any, str]:
    """The file system of a path or URL, and the path as that file system calls it. Raises Refused."""
    if not is_url(path):
        return Local(), os.path.expanduser(path)
    if path.startswith("file://") and "::" not in path:
        return Local(), path.removeprefix("file://")
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise Refused(f"{path} is a URL, which needs fsspec: pip install fsspec") from None
    try:
        return url_to_fs(path)
    except (ImportError, ValueError) as error:
        raise Refused(f"{path} can't be reached: {error}") from None
