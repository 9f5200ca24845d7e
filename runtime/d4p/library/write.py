"""`WriteText` and `WriteRecords`: a folder of part files, one an instance, that is there whole or not at all.

    the program                          an instance, in any process
    begin_output: make .out.d4p-unfinished
                                         preprocess: open .out.d4p-unfinished/.part-00002.<attempt>
                                         process: write
                                         postprocess: rename it to .out.d4p-unfinished/part-00002
    commit_output: rename it to out      (a task that runs again renames over what it renamed before)

So that any process finds the temporary folder, its name follows from the path alone.
"""

from __future__ import annotations

import os
import pickle
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from d4p.base import ConsumerPE
from d4p.errors import Refused, RunFailed
from d4p.items import dumps_json
from d4p.library.folder import Folder
from d4p.library.paths import as_paths


class _Writer(ConsumerPE):
    """Base of writers: a subclass says how an item becomes bytes."""

    stateful = False  # each instance has a file of its own

    def __init__(self, path: str | os.PathLike) -> None:
        ConsumerPE.__init__(self)
        if not isinstance(path, (str, os.PathLike)):
            raise Refused(f"the path to write to must be a string or a path; it is {path!r}")
        (self.path,) = as_paths(path)

    def _bytes(self, item: Any) -> bytes:
        raise NotImplementedError

    def begin_output(self, overwrite: bool = False) -> None:
        """In the program, before the run. Raises Refused where something is at the path, unless it may be replaced."""
        Folder(self.path).begin(overwrite, self.id)

    def commit_output(self) -> None:
        """In the program, after the run: puts the folder in its place, with an empty `_SUCCESS`."""
        folder = Folder(self.path)
        parts = folder.parts()
        if not parts:
            raise RunFailed(f"no instance of {self.id} wrote under {folder.temporary}: is {self.path} on a file system "
                            "that all workers share?")
        folder.commit(self.id, parts)

    def abort_output(self) -> None:
        """In the program, after a run that failed: leaves nothing of it behind."""
        Folder(self.path).abort()

    def preprocess(self) -> None:
        self._folder = Folder(self.path)
        self._part = f"part-{self.rank:05d}"
        self._attempt = f".{self._part}.{uuid.uuid4().hex}"
        with self._named():
            self._file = self._folder.open(self._attempt)

    def _process(self, data: Any) -> None:
        record = self._bytes(data)
        try:
            self._file.write(record)
        except OSError as error:
            raise self._failed(error) from error

    def postprocess(self) -> None:
        with self._named():
            self._file.close()
            self._folder.keep(self._attempt, self._part)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> RunFailed:
        return RunFailed(f"{self.id}, instance {self.rank}, can't write to {self.path}: {error.strerror or error}")


class WriteText(_Writer):
    """Writes `str(item)` and a line feed for each item of `input`, in UTF-8, to `path`/part-00000, ...

    Args:
        path: the folder, local or a URL. It appears when the run is done; one that exists is refused, or replaced
            with `--overwrite`.
    """

    def _bytes(self, item: Any) -> bytes:
        return (str(item) + "\n").encode()


class WriteRecords(_Writer):
    """Writes each item of `input` as a record to `path`/part-00000, ...

    Args:
        path: the folder, local or a URL. It appears when the run is done; one that exists is refused, or replaced
            with `--overwrite`.
        format: "jsonl", a line of JSON an item (`d4p.items.loads_json` reads it, and what JSON has no word for), or
            "pickle", one pickle after the other (`pickle.load` as often as it can).
    """

    def __init__(self, path: str | os.PathLike, format: str = "jsonl") -> None:
        _Writer.__init__(self, path)
        if format not in ("jsonl", "pickle"):
            raise Refused(f'format must be "jsonl" or "pickle"; it is {format!r}')
        self.format = format

    def _bytes(self, item: Any) -> bytes:
        return pickle.dumps(item, 5) if self.format == "pickle" else f"{dumps_json(item)}\n".encode()
