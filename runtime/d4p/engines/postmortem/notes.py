"""What a worker is at, in memory that outlives it: read by the program where the worker died without a word.

A few words of memory for each instance, shared by worker and program: the phase, the entry or PE, and the number of the
item in hand. They lie in a file that has no name, so nothing is left of it, however the two of them end. Behind them is
room for the traceback that `faulthandler` writes when a signal such as SIGSEGV ends the worker.
"""

from __future__ import annotations

import faulthandler
import mmap
import os
from multiprocessing.reduction import DupFd
from typing import Any

from d4p.host.scratch import unnamed

STARTING, PREPROCESS, ITEM, WAITING, POSTPROCESS, OUTPUTS, DONE = range(7)
#: Roots among the entries, which otherwise are numbers of channels: this and the root's place in its stage.
ROOT = 1 << 32
_PHASE, _WHICH, _NUMBER, _SPLIT, WORDS = range(5)


class Notes:
    """The memory of one worker. A process that is forked has it too; to one that is spawned it is handed over."""

    def __init__(self, instances: int) -> None:
        self._instances = instances
        self._fd = unnamed("notes")
        os.ftruncate(self._fd, self._room)
        self._map()

    @property
    def _room(self) -> int:
        return 8 * WORDS * self._instances

    def _map(self) -> None:
        self._words = memoryview(mmap.mmap(self._fd, self._room)).cast("Q")

    def __getstate__(self) -> tuple[int, Any]:
        return self._instances, DupFd(self._fd)

    def __setstate__(self, state: tuple[int, Any]) -> None:
        self._instances, self._fd = state[0], state[1].detach()
        self._map()

    def of(self, index: int) -> Note:
        """What the worker's instance number `index`, from 0, writes into."""
        return Note(self._words[WORDS * index : WORDS * (index + 1)])

    def catch_faults(self) -> None:
        """Have the traceback of this process written behind the notes, should a signal end it."""
        os.lseek(self._fd, self._room, os.SEEK_SET)
        of_this_process(self._fd)

    def read(self) -> list[tuple[int, ...]]:
        """Of each instance the phase, the entry or PE, the number of the item, and that of the first item of the split
        that a reader was at; 0 where there is none."""
        return [tuple(self._words[i : i + WORDS]) for i in range(0, len(self._words), WORDS)]

    def fault(self) -> str:
        """What `faulthandler` wrote; nothing where no such signal came."""
        size = os.fstat(self._fd).st_size - self._room
        return os.pread(self._fd, size, self._room).decode(errors="replace")

    def close(self) -> None:
        """Let go of the memory."""
        self._words.release()
        os.close(self._fd)


def of_this_process(file: Any) -> None:
    """Have `faulthandler` write the traceback of this process there, and not those of its children."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=faulthandler.enable if faulthandler.is_enabled() else faulthandler.disable)
    faulthandler.enable(file, all_threads=False)


class Note:
    """What one instance writes: what it is at, each time before it begins with it.

    Attributes:
        number: memory of one number, that of the item in hand. The loop that hands items to PEs writes there, since
            nothing else would be fast enough.
    """

    def __init__(self, words: memoryview) -> None:
        self._words, self.number = words, words[_NUMBER : _NUMBER + 1]

    def at(self, phase: int, pe: int = 0) -> None:
        """A phase, and the place of the PE in the stage."""
        self._words[_PHASE], self._words[_WHICH] = phase, pe

    def waiting(self) -> None:
        """The last item is done with."""
        self._words[_PHASE] = WAITING

    def taking(self, entry: int, before: int) -> None:
        """Items come in, after so many before them."""
        self._words[_SPLIT] = 0
        self.going_on(entry, before)

    def going_on(self, entry: int, before: int) -> None:
        """More come of a root, which may be in the midst of a split."""
        words = self._words
        words[_NUMBER], words[_WHICH], words[_PHASE] = before, entry, ITEM

    def reading(self) -> None:
        """A reader begins with another split, whose first item is read with the one before done with."""
        self._words[_SPLIT] = self.number[0] + 1
