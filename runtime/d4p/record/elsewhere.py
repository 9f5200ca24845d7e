"""A record where a URL says: it is written here, and carried there now and then."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from d4p.errors import D4pError
from d4p.filesystems import locate
from d4p.record.record import RUN, Record


class Elsewhere(Record):
    """Writes a record to a folder of this machine, which goes with the run, and what has changed in it to a URL, with
    each sign of life and at the end.

    Args:
        runs: the URL of the folder of records.
        run, unwritten: as `Record` has them.
    """

    def __init__(self, runs: str, run: str, unwritten: Callable[[str], None]) -> None:
        scratch = os.environ.get("D4P_SCRATCH") or None
        try:
            if scratch:
                os.makedirs(scratch, exist_ok=True)
            here = tempfile.mkdtemp(prefix="d4p-record-", dir=scratch)
        except OSError:  # where nothing can be written, which is said with the first file
            here = os.path.join(scratch or tempfile.gettempdir(), f"d4p-record-{run}")
        super().__init__(here, run, unwritten)
        self._url, self._carried = runs, dict[str, tuple[int, int]]()
        self._fs: Any = None
        self.place = f"{runs}/{run}"

    def update(self, **fields: Any) -> None:
        super().update(**fields)
        with self._trying():
            self._carry()

    def leave(self) -> None:
        shutil.rmtree(self.runs, ignore_errors=True)

    def _carry(self) -> None:
        """Write there what has changed here, run.json last. Raises OSError."""
        if not self.written:
            return
        try:
            self._fs, there = locate(self._url)
            for name, path in self._files():
                status = path.stat()
                now = status.st_mtime_ns, status.st_size
                if self._carried.get(name) != now:
                    self._put(f"{there.rstrip('/')}/{name}", path.read_bytes())
                    self._carried[name] = now
        except D4pError as error:  # of the place, or of its client, which is asked for with the first file
            raise OSError(0, str(error), self._url) from None

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Names and paths of the files here."""
        found = [path for path in self.runs.rglob("*") if path.is_file() and not path.name.startswith(".")]
        for path in sorted(found, key=lambda each: (each.name == RUN, each)):
            yield path.relative_to(self.runs).as_posix(), path

    def _put(self, path: str, content: bytes) -> None:
        folder, _, name = path.rpartition("/")
        self._fs.makedirs(folder, exist_ok=True)
        unfinished = f"{folder}/.{name}.{os.getpid()}"
        with self._fs.open(unfinished, "wb") as file:
            file.write(content)
        self._fs.replace(unfinished, path)
