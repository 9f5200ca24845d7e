"""A store of objects in a folder of this machine, for fsspec: `objects://bucket/key`.

As in S3, there are only objects, each there whole once its file is closed. A folder is what names begin with: one that
is empty isn't there, to make one makes nothing, and to move one is to copy each object in it and remove it.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import fsspec
from fsspec import AbstractFileSystem


class Objects(AbstractFileSystem):
    protocol = "objects"
    cachable = False  # fsspec's cache of instances
    where = ""  # the folder; "" for the working directory

    def _file(self, path: str) -> str:
        return os.path.join(self.where, quote(self._strip_protocol(path), safe=""))

    def ls(self, path: str, detail: bool = True, **more: Any) -> list[Any]:
        path = self._strip_protocol(path)
        found: dict[str, dict[str, Any]] = {}
        for key in map(unquote, os.listdir(self.where or ".")):
            if key == path:
                size = os.path.getsize(self._file(key))
                return [{"name": key, "size": size, "type": "file"}] if detail else [key]
            if key.startswith(f"{path}/"):
                name, below = key[len(path) + 1 :].partition("/")[::2]
                found[name] = {"name": f"{path}/{name}", "size": 0, "type": "directory"} if below else {
                    "name": key, "size": os.path.getsize(self._file(key)), "type": "file"}
        if not found:
            raise FileNotFoundError(2, "No such file or directory", path)
        return [found[name] if detail else found[name]["name"] for name in sorted(found)]

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """There is nothing to make."""

    def rmdir(self, path: str) -> None:
        raise FileNotFoundError(2, "No such bucket", path)

    def _open(self, path: str, mode: str = "rb", **more: Any) -> Any:
        if mode == "rb":
            return open(self._file(path), "rb")
        return _Upload(self, path)

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **more: Any) -> None:
        if mode == "create" and os.path.exists(self._file(path)):
            raise FileExistsError(17, "File exists", path)
        self.put_object(path, value)

    def put_object(self, path: str, value: bytes) -> None:
        temporary = Path(self.where, ".upload")
        temporary.write_bytes(value)
        temporary.rename(self._file(path))

    def cp_file(self, path1: str, path2: str, **more: Any) -> None:
        self.put_object(path2, Path(self._file(path1)).read_bytes())

    def rm_file(self, path: str) -> None:
        os.remove(self._file(path))

    def rm(self, path: str, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Of what names begin with, one by one."""
        keys = self.find(path) if recursive else [path]
        if not keys:
            raise FileNotFoundError(2, "No such file or directory", path)
        for key in keys:
            self.rm_file(key)


class _Upload(io.BytesIO):
    """An object that is being written: there once it is closed."""

    def __init__(self, store: Objects, path: str) -> None:
        self._store, self._path = store, path

    def close(self) -> None:
        if not self.closed:
            self._store.put_object(self._path, self.getvalue())
        super().close()


def at(folder: Any) -> Objects:
    """The store, whose objects are in a folder."""
    fsspec.register_implementation("objects", Objects, clobber=True)
    Objects.where = str(folder)
    return Objects()


def files(folder: Any) -> dict[str, str]:
    """Its objects' keys and contents."""
    return {unquote(path.name): path.read_text() for path in Path(folder).iterdir()}
