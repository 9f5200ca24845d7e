"""A part: the file of one instance. Its name says whose it is and that it is complete.

    .part-00003.<run>.<attempt>.jsonl                      being written
    part-00003.of-8.<run>.<attempt>.<items>.<bytes>.jsonl  complete: renamed once everything is in it
    part-00003.jsonl                                       committed: the one attempt of the instance that counts

So an attempt is exclusive (nobody else's has its name), and what its name promises can be checked. With `in-8` in the
place of `of-8` the engine chose what the instance read, and may choose otherwise next time: of no use to --resume.
"""

from __future__ import annotations

import io
import os
import re
from typing import Any, BinaryIO

from d4p.errors import RunFailed
from d4p.frozen import dataclass
from d4p.outputs.store import Store

_COMPLETE = re.compile(r"part-(\d+)\.(of|in)-(\d+)\.([0-9a-z]+\.[0-9a-z]+)\.(\d+)\.(\d+)((?:\.[a-z]+)?)")


#: The file by which an instance sees that it looks where the program does; a store may have no empty folders.
BEGUN = ".begun"
#: The disk is told to begin after so many bytes, so that little is left to wait for at the end.
_AHEAD = 8 << 20
_BUFFER = 256 << 10


@dataclass(frozen=True)
class Part:
    """A complete attempt: `attempt` is the run's id and the attempt's, joined by a dot. `repeatable`: another run with
    as many instances would make the same part."""

    instance: int
    instances: int
    attempt: str
    count: int
    size: int
    suffix: str = ""
    repeatable: bool = True

    @property
    def name(self) -> str:
        among = f"{'of' if self.repeatable else 'in'}-{self.instances}"
        return f"part-{self.instance:05d}.{among}.{self.attempt}.{self.count}.{self.size}{self.suffix}"

    @property
    def final(self) -> str:
        """Its name once it is committed."""
        return f"part-{self.instance:05d}{self.suffix}"

    @staticmethod
    def named(name: str) -> Part:
        """The part that the name of one stands for."""
        part = Part.of(name)
        assert part is not None, name
        return part

    @staticmethod
    def of(name: str) -> Part | None:
        """The part that a file name stands for; None for any other name."""
        found = _COMPLETE.fullmatch(name)
        if found is None:
            return None
        instance, among, instances, attempt, count, size, suffix = found.groups()
        return Part(int(instance), int(instances), attempt, int(count), int(size), suffix, among == "of")


@dataclass(frozen=True)
class Place:
    """Where the instances of one output write: known to all of them, wherever they run.

    Attributes:
        url: the folder for attempts.
        path: the output as the user gave it, and `of` whose it is, for messages.
        whole: names of complete parts that an earlier run left there, for `--resume`.
    """

    url: str
    path: str
    of: str
    whole: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"the output {self.path}{f' of {self.of}' if self.of else ''}"

    def of_earlier(self, instance: int, instances: int) -> dict[str, Part]:
        """The complete parts of an instance, by attempt, of a run that had as many instances."""
        parts = filter(None, map(Part.of, self.whole))
        return {p.attempt: p for p in parts if p.repeatable and (p.instance, p.instances) == (instance, instances)}


@dataclass(frozen=True)
class Maker:
    """Who makes an attempt: an instance of so many, and the attempt's id; `repeatable` as for a Part."""

    instance: int
    instances: int
    attempt: str
    repeatable: bool = True


class Attempt:
    """A part that is being written. `write(bytes)` is the file's own, so that an item costs no more than that; what it
    raises, an OSError, is for `failed`."""

    def __init__(self, place: Place, maker: Maker, suffix: str = "") -> None:
        self.place, self.maker, self.suffix = place, maker, suffix
        self._store = Store(place.url)
        self.local = self._store.local
        self._folder = self._store.path
        self.path = f"{self._folder}/.part-{maker.instance:05d}.{maker.attempt}{suffix}"
        if not self._store.exists(f"{self._folder}/{BEGUN}"):
            raise RunFailed(f"{self._folder} isn't there on {os.uname().nodename}: an output must be begun by the "
                            "program, on a file system that it shares with all its workers")
        try:
            self._sink = _Sink(self._store, self._store.append(self.path))
        except OSError as error:
            raise self.failed(error) from error
        self._buffer = io.BufferedWriter(self._sink, _BUFFER)
        self.write = self._buffer.write

    def finish(self, count: int) -> Part:
        """Close the file and give it the name of a complete one. Raises RunFailed; then there is no such name."""
        self.end()
        return self.complete(count)

    def end(self) -> None:
        """Nothing more is written."""
        try:
            self._buffer.flush()
        except OSError as error:
            raise self.failed(error) from error

    def complete(self, count: int) -> Part:
        """Give a file that was ended the name of a complete one, once it is on the disk. May be called by a thread."""
        by = self.maker
        part = Part(by.instance, by.instances, by.attempt, count, self._sink.size, self.suffix, by.repeatable)
        try:
            self._store.sync(self._sink.file)
            self._buffer.close()
            self._store.rename(self.path, f"{self._folder}/{part.name}")
            self._store.sync_folder(self._folder)
        except OSError as error:
            raise self.failed(error) from error
        return part

    def reopen(self) -> BinaryIO:
        """What was written so far, to read; nothing can be written any more."""
        try:
            self._buffer.close()
            return self._store.fs.open(self.path, "rb")
        except OSError as error:
            raise self.failed(error) from error

    def drop(self) -> None:
        """Take back what was written."""
        try:
            self._buffer.close()
            self._store.remove(self.path)
        except OSError as error:
            raise self.failed(error) from error

    def failed(self, error: OSError) -> RunFailed:
        return RunFailed(f"{self.place}, instance {self.maker.instance}, can't be written: {error.strerror or error}")


class _Sink(io.RawIOBase):
    """What lies under the buffer of an attempt: counts its bytes, and has them go to the disk while more are made."""

    def __init__(self, store: Store, file: BinaryIO) -> None:
        self._store, self.file = store, file
        self.size = self._begun = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        written = self.file.write(data)
        self.size += written
        if self.size - self._begun >= _AHEAD:
            self._store.sync_soon(self.file, self._begun, self.size - self._begun)
            self._begun = self.size
        return written

    def close(self) -> None:
        if not self.closed:
            super().close()
            self.file.close()
