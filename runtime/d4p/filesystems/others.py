"""URLs that are neither local nor HDFS (`s3://`, `memory://`, `zip::...`), through fsspec and the URL's own driver."""

from __future__ import annotations

from typing import Any

from d4p.errors import Refused


class Other:
    """An fsspec file system with the names of `d4p.filesystems` that fsspec hasn't. Nothing here is atomic."""

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
        except (ImportError, ValueError) as error:
            raise Refused(f"{path} can't be reached: {error}") from None
        return cls(fs), name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_fs":
            raise AttributeError(name)
        return getattr(self._fs, name)

    def open(self, path: str, mode: str = "rb") -> Any:
        if mode == "xb":
            self._is_free(path)
            mode = "wb"
        return self._fs.open(path, mode)

    def create(self, path: str, data: bytes) -> None:
        self._is_free(path)
        self._fs.pipe_file(path, data)

    def rename(self, source: str, dest: str) -> None:
        self._is_free(dest)
        self._fs.mv(source, dest, recursive=True)

    def replace(self, source: str, dest: str) -> None:
        self._fs.mv(source, dest)

    def _is_free(self, path: str) -> None:
        self._fs.invalidate_cache()
        if self._fs.exists(path):
            raise FileExistsError(17, "File exists", path)
