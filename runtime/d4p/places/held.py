"""Items that wait for their turn: in memory as far as that goes, then on disk."""

from __future__ import annotations

import tempfile
from typing import IO, Any

from d4p.errors import RunFailed
from d4p.items.packing import pack, unpack
from d4p.items.size import roughly

#: So many bytes of items are held in memory at most, about.
MEMORY = 32 << 20


class Held:
    """Keeps lists of items; they come back in any order.

    Args:
        folder: where the file is that takes what is too much for memory.
        memory: so many bytes are held at most.
    """

    def __init__(self, folder: str, memory: int = MEMORY) -> None:
        self._folder, self._most = folder, memory
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self._in_file = 0
        self.spilled = 0

    def put(self, items: list[Any]) -> Any:
        """Keep some items; what is given back gets them again, once."""
        size = sum(map(roughly, items[:1])) * len(items)
        if self._bytes + size <= self._most:
            self._bytes += size
            return size, items
        packed = pack(items)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="d4p-held-", dir=self._folder)
            at = self._file.seek(0, 2)
            self._file.write(packed)
        except OSError as error:
            raise RunFailed(f"items that wait for their turn are held in {self._folder} where they are more than "
                            f"memory should hold, and it can't be written there: {error}") from error
        self._in_file += 1
        self.spilled += len(packed)
        return at, len(packed), None

    def get(self, kept: Any) -> list[Any]:
        """The items that `put` gave this for."""
        if len(kept) == 2:
            size, items = kept
            self._bytes -= size
            return items
        at, length, _ = kept
        assert self._file is not None
        self._file.seek(at)
        packed = self._file.read(length)
        self._in_file -= 1
        if not self._in_file:
            self._file.truncate(0)
        return unpack(packed)

    def close(self) -> None:
        """Forget everything."""
        if self._file is not None:
            self._file.close()
