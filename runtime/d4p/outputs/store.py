"""What committing asks of a file system, and how this machine's and others' give it."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from typing import Any, BinaryIO

from d4p.filesystems import Local, locate, own
from d4p.filesystems.appended import Appended

#: SYNC_FILE_RANGE_WRITE of Linux: begin, and don't wait.
_WRITE = 2

#: The file that says that an output is whole; it holds what it was made of, and its parts.
SUCCESS = "_SUCCESS"
#: The file in an output that is being put in its place, where that can't be done at once.
UNFINISHED = "_UNFINISHED"


class Store:
    """The file system that a path or URL lies on (see `d4p.filesystems`).

    Three things make a commit safe: `create`, of which one of several callers succeeds; `rename`, which is atomic and
    never overwrites; and that on this machine's disks what was written is there after a power cut, once it is renamed
    (`sync`). Where renaming isn't `atomic`, a file is there once it is closed, a folder is what names have in common,
    and outputs are copied into their place (`d4p.commit.carry_out`). Paths are those of the file system.
    """

    def __init__(self, url: str) -> None:
        self.fs, path = locate(url)
        self.local, self.atomic = isinstance(self.fs, Local), self.fs.atomic
        self.path = os.path.abspath(path) if self.local else path.rstrip("/") or path

    def url(self, path: str) -> str:
        """A path as another process finds it, whatever its working directory and its default file system are."""
        return f"file://{path}" if self.local else self.fs.unstrip_protocol(path)

    def rename(self, source: str, dest: str) -> None:
        """Raises FileExistsError where something is at `dest`."""
        self.fs.rename(source, dest)

    def copy(self, source: str, dest: str) -> None:
        """A file, over what is at `dest`; where nothing is `atomic`."""
        self.fs.copy(source, dest)

    def isdir(self, path: str) -> bool:
        self.fs.invalidate_cache()
        return self.fs.isdir(path)

    def exists(self, path: str) -> bool:
        self.fs.invalidate_cache()
        return self.fs.exists(path)

    def sizes(self, folder: str) -> dict[str, int | None]:
        """The names in a folder and their sizes; none where there is no such folder."""
        self.fs.invalidate_cache()
        try:
            infos = self.fs.ls(folder, detail=True)
        except FileNotFoundError:
            return {}
        names = [(info["name"].strip("/"), info.get("size")) for info in infos]
        # A store may count a file that stands for the folder among what is in it.
        return {name.rpartition("/")[2]: size for name, size in names if name != folder.strip("/")}

    def read(self, path: str) -> bytes | None:
        """The content of a file; None where there is none."""
        self.fs.invalidate_cache()
        try:
            with self.fs.open(path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def open(self, path: str) -> BinaryIO:
        """A new file."""
        return self.fs.open(path, "wb", follow=False) if self.local else self.fs.open(path, "wb")

    def append(self, path: str) -> BinaryIO:
        """A new file, one of any number that are written side by side."""
        return self.fs.append(path) if self.local else self.open(path)

    def create(self, path: str, content: bytes) -> None:
        """Make a file that mustn't be there. Raises FileExistsError; of several who try at once one succeeds."""
        self.fs.create(path, content)

    def write(self, path: str, content: bytes, sync: bool = True) -> None:
        with self.open(path) as file:
            file.write(content)
            if sync:
                self.sync(file)

    def put(self, path: str, content: bytes, run: str) -> None:
        """Make a file that mustn't be there, that nobody sees half written and that outlives a power cut. Where nothing
        is `atomic` one that is there is one that a run was killed in."""
        if not self.atomic:
            self.write(path, content)
            return
        folder, _, name = path.rpartition("/")
        self.write(f"{folder}/.{name}.{run}", content)
        self.rename(f"{folder}/.{name}.{run}", path)

    def makedirs(self, path: str) -> None:
        self.fs.makedirs(path, exist_ok=True)

    def remove(self, path: str) -> None:
        """Remove a file or a folder with what is in it, if it is there."""
        try:
            self.fs.rm(path, recursive=True)
        except FileNotFoundError:
            pass

    def check_own(self, folder: str) -> None:
        """Raises PermissionError where a folder of a name that anyone can guess is there and isn't this user's own."""
        if self.local:
            own.check(folder)

    def clear(self, folder: str, below: str = "", keep: Callable[[str], bool] = lambda name: False) -> None:
        """Remove what is in such a folder, or in one `below` it, but for names that are to be kept."""
        if self.local:
            own.clear(folder, below, keep)
        else:
            for name in self.sizes(join(folder, below)):
                if not keep(name):
                    self.remove(f"{join(folder, below)}/{name}")

    def remove_own(self, folder: str) -> None:
        """Remove such a folder with what is in it, if it is there."""
        if self.local:
            own.remove(folder)
        else:
            self.remove(folder)

    def rmdir(self, path: str) -> None:
        """Remove a folder if nothing is in it."""
        try:
            self.fs.rm(path)
        except OSError:
            pass

    def sync(self, file: Any) -> None:
        """What was written to an open file is on the disk; elsewhere closing it is enough."""
        if isinstance(file, Appended):
            file.sync()
        elif self.local:
            file.flush()
            os.fsync(file.fileno())

    def sync_soon(self, file: Any, start: int, length: int) -> None:
        """Let the system begin to write to the disk what a `sync` would wait for; it stays in memory for readers."""
        if self.local and (begin := _sync_file_range()):
            file.flush()
            begin(file.fileno(), start, length, _WRITE)

    def sync_folder(self, path: str) -> None:
        """The names in a folder are on the disk."""
        if self.local:
            number = os.open(path, os.O_RDONLY)
            try:
                os.fsync(number)
            finally:
                os.close(number)



def address(fs: Any, path: str, follow: bool = True) -> str:
    """A URL by which two paths can be compared; without `follow` the last name may be that of a link."""
    if not isinstance(fs, Local):
        return fs.unstrip_protocol(path).rstrip("/")
    folder, name = os.path.split(os.path.abspath(path))
    return f"file://{os.path.realpath(path) if follow else os.path.join(os.path.realpath(folder), name)}"


def join(folder: str, sub: str) -> str:
    """A path below a folder, either of which may be ""."""
    return f"{folder}/{sub}" if folder and sub else folder or sub


def dumped(value: Any) -> bytes:
    """A value as the content of a file."""
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


@functools.cache
def _sync_file_range() -> Any:
    """Linux's own function; None elsewhere."""
    import ctypes  # here, since few runs write so much

    function = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return function
