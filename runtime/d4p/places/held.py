"""Items that wait for their turn: in memory as far as that goes, then on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO, Any

from d4p.errors import RunFailed
from d4p.items.packing import pack, unpack
from d4p.items.size import roughly

#: So many bytes of items are held in memory at most, about.
MEMORY = 32 << 20
#: Bytes of a file that what is more lies in: it goes when all that was in it is taken.
FILE = 16 << 20
#: Where so many bytes wait for one run, no run after it is dealt (see `Merge.behind`).
MUCH = 256 << 20


#: A batch as it came: its bytes, and what makes items of them.
Packed = bytes | bytearray
Unpack = Callable[[Packed], list[Any]]


class Kept:
    """Some items that are held: here, or in a file; `parts` times they are to be taken."""

    __slots__ = ("file", "items", "length", "packed", "parts", "size", "start")

    def __init__(self, size: int, items: list[Any] | None, file: _File | None = None, start: int = 0,
                 length: int = 0, packed: Packed | None = None, parts: int = 1) -> None:
        self.size, self.items, self.file, self.start, self.length = size, items, file, start, length
        self.packed, self.parts = packed, parts


class Held:
    """Keeps lists of items; they come back in any order.

    Args:
        folder: where the files are that take what is too much for memory.
        memory: so many bytes are held at most.
        unpack: makes items of what is `put_packed`.
    """

    def __init__(self, folder: str, memory: int | None = None, unpack: Unpack = unpack) -> None:
        self._folder, self._most, self._unpack = folder, MEMORY if memory is None else memory, unpack
        self._bytes = 0
        self.count = 0  # lists that wait
        self._file: _File | None = None  # the one that is written
        self.spilled = 0

    def put(self, items: list[Any], here: bool = False) -> Kept:
        """Keep some items, in memory where they are to be `here`; `get` gives them again, once."""
        self.count += 1
        size = sum(map(roughly, items[:1])) * len(items)
        if here or self._bytes + size <= self._most:
            self._bytes += size
            return Kept(size, items)
        return Kept(size, None, *self._to_file(pack(items)))

    def put_packed(self, packed: Packed, parts: int) -> Kept:
        """Keep a batch as it came; `get` gives all of its items again, as often as it has parts, which are taken one
        after the other. Items that are made when they are taken are near when they are worked on, and no garbage
        collection goes through those that wait."""
        self.count += 1
        size = len(packed)
        if self._bytes + size <= self._most:
            self._bytes += size
            return Kept(size, None, packed=packed, parts=parts)
        return Kept(size, None, *self._to_file(packed), parts=parts)

    def _to_file(self, packed: Packed) -> tuple[_File, int, int]:
        try:
            if self._file is None or self._file.size >= FILE:
                self._file = _File(self._folder)
            start = self._file.put(packed)
        except OSError as error:
            raise RunFailed(f"items that wait for their turn are held in {self._folder} where they are more than "
                            f"memory should hold, and it can't be written there: {error}") from error
        self.spilled += len(packed)
        return self._file, start, len(packed)

    def get(self, kept: Kept) -> list[Any]:
        """The items that `put` gave this for."""
        if kept.items is None:
            kept.items = self._unpack(self._from_file(kept) if kept.packed is None else kept.packed)
            kept.packed = None
        kept.parts -= 1
        if not kept.parts:
            self.count -= 1
            if kept.file is None:
                self._bytes -= kept.size
        return kept.items

    def _from_file(self, kept: Kept) -> bytes:
        assert kept.file is not None
        packed = kept.file.get(kept.start, kept.length)
        if not kept.file.left:
            kept.file.close()
            if kept.file is self._file:
                self._file = None
        return packed


class _File:
    """A file without a name, which is gone when nobody has anything in it."""

    def __init__(self, folder: str) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="d4p-held-", dir=folder)
        self.size = self.left = 0  # bytes, and what is still to be taken

    def put(self, packed: Packed) -> int:
        start = self._file.seek(self.size)
        self._file.write(packed)
        self.size += len(packed)
        self.left += 1
        return start

    def get(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        self.left -= 1
        return self._file.read(length)

    def close(self) -> None:
        self._file.close()
