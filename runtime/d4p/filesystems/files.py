"""Files for a PE of your own, on this machine, in HDFS or behind another URL, on a driver and on any worker.

    from d4p.filesystems import files

    class Calibrate(IterativePE):
        def _process(self, path):
            with files.open(path) as file:
                ...

A path is "hdfs://host:port/folder/file", "hdfs:///folder/file" (in the HDFS that the client configuration's
fs.defaultFS names), "webhdfs://...", "file:///folder/file" or another URL that fsspec has a driver for. One that is no
URL is a file of this machine; in a program on Hadoop, whose engine says so, it is one of fs.defaultFS, as for every
other program there. A `pathlib.Path` is always of this machine.

What is read, listed or asked for is noted (`d4p.filesystems.reads`), so that `--resume` knows whether a run would find
the same.
Connections are made by each process for itself when it first needs one. What goes wrong is an OSError with the path and
the reason: FileNotFoundError, FileExistsError, PermissionError, ConnectionRefusedError (HDFS is down), TimeoutError.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import uuid
from typing import IO, Any

from d4p.filesystems import locate, missing, written
from d4p.filesystems.reads import note

_MODES = ("r", "w", "a", "x")


def open(path: str | os.PathLike, mode: str = "rb", encoding: str | None = None) -> IO[Any]:
    """A file, to be closed or used in a `with` block.

    Args:
        path: where it is.
        mode: r, w, a (append) or x (a new file; FileExistsError where there is one), with b for bytes, else text. A
            file that is read can be sought in.
        encoding: of text; UTF-8 when not given.

    Raises:
        OSError: it can't be opened; for what is written to HDFS also when it is closed.
        ValueError: no such mode, or an encoding for bytes.
        Refused: the path names no file system, or its package isn't installed.
    """
    kind, text = mode.replace("b", "").replace("t", ""), "b" not in mode
    if kind not in _MODES or len(mode) != len(kind) + ("b" in mode or "t" in mode):
        raise ValueError(f"the mode of {path} must be r, w, a or x, with b for bytes; it is {mode!r}")
    if encoding is not None and not text:
        raise ValueError(f"{path} is opened for bytes ({mode!r}), which have no encoding: leave b out for text")
    fs, name = locate(path)
    if kind == "r":
        note("file", fs, name)
    try:
        file = fs.open(name, f"{kind}b")
    except OSError as error:
        raise _named(error, path) from None
    return io.TextIOWrapper(file, encoding or "utf-8") if text else file


def write(path: str | os.PathLike, data: bytes) -> None:
    """A file with this content, in the place of what was there: whole or not at all. Folders above it are made.

    Raises:
        OSError: it can't be written; what was there is there still.
    """
    fs, name = locate(path)
    folder, _, last = name.rpartition("/")
    unfinished = f"{folder}/.{last}.{uuid.uuid4().hex}" if folder else f".{last}.{uuid.uuid4().hex}"
    try:
        if folder:
            fs.makedirs(folder, exist_ok=True)
        with fs.open(unfinished, "xb") as file:
            file.write(data)
        fs.replace(unfinished, name)
    except OSError as error:
        with contextlib.suppress(OSError):
            fs.rm(unfinished)
        raise _named(error, path) from None


def exists(path: str | os.PathLike) -> bool:
    """Whether there is a file or a folder. Raises OSError where that can't be told."""
    fs, name = locate(path)
    try:
        found = fs.exists(name)
    except OSError as error:
        raise _named(error, path) from None
    note("there", fs, name)
    return found


def list(path: str | os.PathLike) -> builtins.list[str]:
    """The files and folders in a folder, or what matches a glob (`**` for any number of folders), sorted, as paths that
    `open` takes.

    A glob that nothing matches gives an empty list. Hidden names (`.name`, `_name`) are in the list of a folder, and in
    that of a glob where its part begins so.

    Raises:
        FileNotFoundError: there is no such folder.
        NotADirectoryError: it is a file.
    """
    fs, name = locate(path)
    try:
        info = _info(fs, name)
        if info is None and any(c in name for c in "*?["):
            found = [*fs.glob(name, detail=True)]
        elif info is None:
            raise FileNotFoundError(2, os.strerror(2), name)
        elif info["type"] != "directory":
            raise NotADirectoryError(20, os.strerror(20), name)
        else:
            found = fs.ls(name, detail=False)
    except OSError as error:
        raise _named(error, path) from None
    note("names", fs, name, found)
    return sorted(written(fs, name) for name in found)


def _info(fs: Any, name: str) -> dict[str, Any] | None:
    try:
        return fs.info(name)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _named(error: OSError, path: str | os.PathLike) -> OSError:
    """The same error with the path as the user wrote it, and where it was looked for."""
    reason = error.strerror or str(error)
    if isinstance(error, FileNotFoundError):
        reason += missing(path)
    try:
        return type(error)(error.errno, reason, os.fspath(path))
    except TypeError:  # one that is made in another way
        return OSError(error.errno, reason, os.fspath(path))
