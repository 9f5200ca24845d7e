"""The files that a path stands for, in the order that every process finds them in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

from d4p.errors import Refused
from d4p.filesystems import as_path, locate, missing
from d4p.filesystems.globs import is_hidden

#: What file systems call the time of a file's last change.
_CHANGED = ("mtime", "modified", "LastModified", "last_modified", "updated", "created")

Path = str | os.PathLike | Iterable[str | os.PathLike]


class File(NamedTuple):
    """A file: `source` is the path it was found by and says which file system `name` belongs to; `size` in bytes,
    None where the file system doesn't know."""

    source: str
    name: str
    size: int | None


def as_paths(path: Path) -> tuple[str, ...]:
    """One path or several as a tuple of strings, which still know what was a `pathlib.Path`. Raises Refused."""
    several = [path] if isinstance(path, (str, os.PathLike)) else path
    try:
        paths = tuple(as_path(p) for p in several)
    except TypeError:
        paths = ()
    if not paths or not all(isinstance(p, str) and p for p in paths):
        raise Refused(f"a path must be that of a file or folder, a glob or a list of those; it is {path!r}")
    return paths


def find(paths: tuple[str, ...], reader: str) -> list[File]:
    """The files, sorted by name, each once.

    A folder stands for the files in it, but not for those in its folders; a glob for the files that match it, `**` for
    any number of folders. Names that begin with `_` or `.` are left out, as Hadoop does, unless a part of the glob
    begins so, too; a file that is named outright is always read.

    Raises:
        Refused: nothing is there; `reader` is who looked for it.
    """
    found: dict[str, File] = {}
    for path in paths:
        fs, name = locate(path)
        for info in _infos(fs, name, path, reader):
            found.setdefault(fs.unstrip_protocol(info["name"]), File(path, info["name"], info.get("size")))
    return [found[name] for name in sorted(found)]


def stamps(paths: tuple[str, ...], reader: str) -> list[tuple[str, Any, Any]]:
    """`(name, size, time of change)` of the same files: what differs where their content does. Raises Refused."""
    found = {}
    for path in paths:
        fs, name = locate(path)
        for info in _infos(fs, name, path, reader):
            changed = next((info[key] for key in _CHANGED if info.get(key) is not None), None)
            found[fs.unstrip_protocol(info["name"])] = (info.get("size"), str(changed))
    return [(name, *found[name]) for name in sorted(found)]


def _infos(fs: Any, name: str, path: str, reader: str) -> list[dict[str, Any]]:
    try:
        info = _info(fs, name)
        if info is not None:
            if info["type"] == "other" and os.path.realpath(name) != os.devnull:
                _refuse(f"{reader} looked for {path}, which is a pipe or a device: it must be a file, of which parts "
                        "can be read, and read again. Write what comes through it into one")
            if info["type"] != "directory":
                return [info]
            files = [i for i in fs.ls(name, detail=True) if i["type"] == "file" and not is_hidden(_last(i["name"]))]
            return files or _refuse(f"{reader} looked for files in the folder {path}, and there are none directly in it"
                                    f": to take those of its folders too, give {path.rstrip('/')}/**/*")
        if any(c in name for c in "*?["):
            files = [info for info in fs.glob(name, detail=True).values() if info["type"] == "file"]
            return files or _refuse(f"{reader} looked for files that match {path}, and there are none{_here(path)}")
    except OSError as error:
        _refuse(f"{reader} looked for {path}, which can't be reached: {error.strerror or error}")
    return _refuse(f"{reader} looked for {path}, and there is no such file or folder{_here(path)}")


def _info(fs: Any, name: str) -> dict[str, Any] | None:
    """What is at a path: one question of a server, and not three."""
    try:
        return fs.info(name)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _here(path: str) -> str:
    if where := missing(path):
        return where
    absolute = os.path.isabs(path) or "://" in path
    return "" if absolute else f" (the working directory is {os.getcwd()})"


def _refuse(message: str) -> Any:
    raise Refused(message)
