"""A queue that never says no: what goes round a cycle waits here, in memory first, then on disk.

What leads back must not make its producer wait, or a full cycle would wait for itself. So it is queued without a bound,
but for one on memory: what is put while much is held goes to files without a name, which are gone with the process
however that ends, and is read again, in the order in which it was put, once the memory is empty.
"""

from __future__ import annotations

import struct
import tempfile
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from d4p.errors import RunFailed

#: Bytes held in memory, about, and in one file, which goes when it was read.
MEMORY, FILE = 8 << 20, 64 << 20
#: What an entry is taken to need besides its bytes.
_OVERHEAD = 200
_COUNT = struct.Struct("<Q")

Entry = tuple[Any, ...]  # of bytes, or of what is as long as it has bytes


class Backlog:
    """First in, first out; an entry is some parts of bytes. Not for several threads at once.

    Args:
        folder: where the files are; it must exist when the first one is needed.
        memory: so many bytes are held at most, and one entry.
    """

    def __init__(self, folder: str | Path, memory: int = MEMORY) -> None:
        self.folder, self._most = folder, memory
        self._first: deque[Entry] = deque()
        self._held = 0
        self._files: deque[_File] = deque()
        self._behind = 0  # entries in files
        self.spilled = 0

    def __len__(self) -> int:
        return len(self._first) + self._behind

    def put(self, *parts: Any) -> None:
        """Add an entry. Its parts are copied, so they may change afterwards."""
        size = _size(parts)
        if not self._behind and self._held + size <= self._most:
            self._hold(tuple(map(bytes, parts)), size)
            return
        try:
            if not self._files or self._files[-1].size >= FILE:
                self._files.append(_File(self.folder))
            self._files[-1].put(parts)
        except OSError as error:
            raise RunFailed(f"what goes round a cycle waits in {self.folder} where it is more than memory should hold,"
                            f" and it can't be written there: {error}") from error
        self._behind += 1
        self.spilled += size

    def get(self) -> Entry:
        """The first entry, which is taken away. Raises IndexError where there is none."""
        if not self._first:
            self._read()
        entry = self._first.popleft()
        self._held -= _size(entry)
        return entry

    def _hold(self, entry: Entry, size: int) -> None:
        self._first.append(entry)
        self._held += size

    def _read(self) -> None:
        """Half of what memory holds, so that it is read in large pieces and there is room for what comes next."""
        while self._behind and self._held <= self._most // 2:
            entry = self._files[0].get()
            if entry is None:
                self._files.popleft().close()
                continue
            self._behind -= 1
            self._hold(entry, _size(entry))
        if not self._behind:
            while self._files:
                self._files.popleft().close()

    def close(self) -> None:
        """Forget everything."""
        self._first.clear()
        self._held = self._behind = 0
        while self._files:
            self._files.popleft().close()


class _File:
    """Entries in a file without a name, written at its end and read from its beginning."""

    def __init__(self, folder: str | Path) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="d4p-backlog-", dir=folder)
        self.size = self._read = 0
        self._at_end = True

    def put(self, parts: Iterable[Any]) -> None:
        parts = list(parts)
        if not self._at_end:
            self._file.seek(self.size)
            self._at_end = True
        lengths = list(map(len, parts))
        self._file.write(struct.pack(f"<{len(parts) + 1}Q", len(parts), *lengths))
        for part in parts:
            self._file.write(part)
        self.size += 8 * (len(parts) + 1) + sum(lengths)

    def get(self) -> Entry | None:
        """The next entry, or None where all were read."""
        if self._read >= self.size:
            return None
        file = self._file
        if self._at_end:
            file.seek(self._read)
            self._at_end = False
        (count,) = _COUNT.unpack(file.read(_COUNT.size))
        lengths = struct.unpack(f"<{count}Q", file.read(8 * count))
        entry = tuple(file.read(length) for length in lengths)
        self._read += 8 * (count + 1) + sum(lengths)
        return entry

    def close(self) -> None:
        self._file.close()


def _size(parts: Iterable[Any]) -> int:
    return _OVERHEAD + sum(map(len, parts))
