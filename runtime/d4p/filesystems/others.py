"""URLs that are neither local nor HDFS (`s3://`, `memory://`, `zip::...`), through fsspec and the URL's own driver."""

from __future__ import annotations

import inspect
import shutil
from typing import Any

from d4p.errors import Refused
from d4p.filesystems.globs import seen

_COPY = 4 << 20


class Other:
    """An fsspec file system with the names of `d4p.filesystems` that fsspec hasn't. Nothing here is atomic."""

    atomic = False

    def __init__(self, fs: Any) -> None:
        self._fs = fs

    @classmethod
    def of(cls, path: str) -> tuple[Other, str]:
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise Refused(f"{path} is a URL, which needs fsspec: pip install fsspec") from None
        try:
            fs, name = url_to_fs(path)
        except Exception as error:  # whatever a driver raises that has no library, no host or no key
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise Refused(f"{path} can't be reached: {said}") from None
        return cls(fs), name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_fs":
            raise AttributeError(name)
        return getattr(self._fs, name)

    def glob(self, path: str, detail: bool = True) -> dict[str, dict[str, Any]]:
        return {name: info for name, info in self._fs.glob(path, detail=True).items() if seen(path, name)}

    def open(self, path: str, mode: str = "rb") -> Any:
        if mode == "xb":
            self._is_free(path)
            mode = "wb"
        return self._fs.open(path, mode)

    def create(self, path: str, data: bytes) -> None:
        self._is_free(path)
        if "mode" in inspect.signature(self._fs.pipe_file).parameters:  # some stores can tell which of two was first
            self._fs.pipe_file(path, data, mode="create")
        else:
            self._fs.pipe_file(path, data)

    def rename(self, source: str, dest: str) -> None:
        self._is_free(dest)
        if self._fs.isdir(source):
            self._fs.mv(source, dest, recursive=True)
        else:
            self._fs.mv(source, dest)

    def replace(self, source: str, dest: str) -> None:
        self._fs.mv(source, dest)

    def copy(self, source: str, dest: str) -> None:
        """A file, over what is at `dest`."""
        try:
            self._fs.cp_file(source, dest)
        except NotImplementedError:  # through this machine, then
            with self._fs.open(source, "rb") as file, self._fs.open(dest, "wb") as copy:
                shutil.copyfileobj(file, copy, _COPY)

    def rm(self, path: str, recursive: bool = False) -> None:
        if not recursive and self._fs.isdir(path):
            self._fs.rmdir(path)  # what fsspec calls rm may take what is in it
        else:
            self._fs.rm(path, recursive=recursive)

    def _is_free(self, path: str) -> None:
        self._fs.invalidate_cache()
        if self._fs.exists(path):
            raise FileExistsError(17, "File exists", path)
