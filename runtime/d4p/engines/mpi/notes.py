"""What the instances of a rank are at, in a file in rank 0's folder: read by another rank when this one has died."""

from __future__ import annotations

import contextlib
import faulthandler
import mmap
import os
import struct

from d4p.engines.postmortem.notes import WORDS, Note, of_this_process

_ROOM = 8 * WORDS


class RankNotes:
    """The notes of this rank: memory that the file shares, and behind them room for what `faulthandler` writes.

    Args:
        folder: rank 0's, or one of this rank's own where that isn't shared: then nobody will read them.
    """

    def __init__(self, folder: str, rank: int, instances: int) -> None:
        self._path, size = _path(folder, rank), _ROOM * max(1, instances)
        self._file = open(self._path, "w+b")
        self._file.truncate(size)
        self._words = memoryview(mmap.mmap(self._file.fileno(), size)).cast("Q")
        self._file.seek(size)
        of_this_process(self._file)

    def of(self, index: int) -> Note:
        """What this rank's instance number `index`, from 0, writes into."""
        return Note(self._words[WORDS * index : WORDS * (index + 1)])

    def close(self) -> None:
        """Remove the file."""
        faulthandler.disable()
        with contextlib.suppress(OSError):
            os.unlink(self._path)


def read(folder: str, rank: int, instances: int) -> tuple[list[tuple[int, ...]], str]:
    """What each instance of a rank was at, as `Notes.read` has it, and what `faulthandler` wrote when it died; nothing
    where it has left no notes here."""
    try:
        with open(_path(folder, rank), "rb") as file:
            content = file.read()
    except OSError:
        return [], ""
    notes = [struct.unpack_from(f"<{WORDS}Q", content, _ROOM * index) for index in range(instances)]
    return notes, content[_ROOM * instances :].decode(errors="replace")


def _path(folder: str, rank: int) -> str:
    return os.path.join(folder, f".rank-{rank}")
