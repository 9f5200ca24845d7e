"""`ReadFiles`: whole files, as bytes or as what a function makes of them."""

from __future__ import annotations

import io
import os
import pathlib
import tempfile
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any

from d4p.errors import Refused, RunFailed
from d4p.filesystems import Local, locate
from d4p.filesystems.paths import File, Path
from d4p.host import scratch
from d4p.library.reader import Reader


class ReadFiles(Reader):
    """A root that writes an item for each file to `output`: `(path, bytes)`, or what a reader function makes of it.

    Args:
        path: a file, a folder (the files directly in it), a glob (`**` for folders), a URL, or a list of those.
        reader: a function of a module. It gets the path of a file on this machine (a file behind a URL is fetched for
            it), or with `opened` the file, open for reading bytes. What it returns is the item; None leaves the
            file out. A generator function gives several: each that it yields.
        opened: give the reader an open file.
        skip_broken: where the reader raises, log the file and the reason and go on; else the run fails, naming it.
    """

    def __init__(self, path: Path, reader: Callable[[Any], Any] | None = None, opened: bool = False,
                 skip_broken: bool = False) -> None:
        Reader.__init__(self, path)
        if reader is not None and not callable(reader):
            raise Refused(f"reader must be a function that takes a file; it is {reader!r}")
        self.reader = reader
        self.opened = opened
        self.skip_broken = skip_broken

    def plan_splits(self) -> list[File]:
        """The files. Raises Refused where there are none."""
        return self.files()

    def read(self, split: File) -> Iterator[Any]:
        """The items of a file."""
        fs, _ = locate(split.source)
        path = fs.unstrip_protocol(split.name)
        return self._made(path, split.name, self._items(fs, split.name, path))

    def from_bytes(self, path: str, content: bytes) -> Iterator[Any]:
        """The items of a file that an engine has read."""
        return self._made(path, path, self._items_of(path, content))

    def _made(self, path: str, name: str, items: Iterator[Any]) -> Iterator[Any]:
        try:
            # where a file may be left out, it is as a whole
            yield from list(items) if self.skip_broken else items
        except Exception as error:
            reason = _reason(error, name)
            if not self.skip_broken:
                raise RunFailed(f"{self.id} can't read {path}: {reason}{self._traceback(error)}") from error
            self.log(f"left out {path}: {reason}")

    def _items(self, fs: Any, name: str, path: str) -> Iterator[Any]:
        if self.reader is None:
            with fs.open(name, "rb") as file:
                yield path, file.read()
        elif self.opened:
            with fs.open(name, "rb") as file:
                yield from _several(self.reader(file))
        elif isinstance(fs, Local):
            yield from _several(self.reader(name))
        else:
            yield from self._fetched(name, lambda place: fs.get_file(name, place))

    def _items_of(self, path: str, content: bytes) -> Iterator[Any]:
        if self.reader is None:
            yield path, content
        elif self.opened:
            yield from _several(self.reader(io.BytesIO(content)))
        else:
            yield from self._fetched(path, lambda place: pathlib.Path(place).write_bytes(content))

    def _fetched(self, path: str, fetch: Callable[[str], Any]) -> Iterator[Any]:
        """What the reader makes of a file that is put on this machine for it."""
        with tempfile.TemporaryDirectory(prefix="d4p-fetched-", dir=scratch.folder()) as folder:
            place = os.path.join(folder, os.path.basename(path))
            fetch(place)
            reader: Any = self.reader  # what is behind a URL is fetched for one
            yield from _several(reader(place))

    def _traceback(self, error: Exception) -> str:
        """The part of the traceback that is the reader's own."""
        here = self._traceback.__func__.__code__.co_filename
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != here]
        if self.reader is None or not frames:
            return ""
        return "\nTraceback (the reader's own):\n" + "".join(traceback.format_list(frames)).rstrip("\n")


def _several(made: Any) -> Iterator[Any]:
    """The items that a reader gave: one, none, or those of a generator."""
    for item in made if isinstance(made, types.GeneratorType) else (made,):
        if item is not None:
            yield item


def _reason(error: Exception, name: str) -> str:
    """What a file system says of the file itself, or what a reader raised."""
    if isinstance(error, OSError) and error.strerror and error.filename == name:
        return error.strerror
    return f"{type(error).__name__}: {error}"
