"""Threads for the instances of a rank that holds several: one that is long at work keeps no other from its own.

The rank's loop, in the main thread, is the only one that calls MPI. It gives an instance's thread something to do and
waits some milliseconds for it, as if it had called a function: nearly always that is enough, and nobody else wants the
interpreter meanwhile. Where it isn't, the loop goes on without it, and hears when it is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

#: Seconds that the loop waits for an instance before it goes on without it.
PATIENT = 0.005


class Strand:
    """The thread of one instance, in which all is done that the instance does: what a PE has opened in one call (a
    connection to a database) it may be allowed to use in that thread alone.

    Attributes:
        number: the instance's.
        at_work: whether it has something to do and hasn't said that it is done; the loop's.
        waits: tells whether it need wait no longer, where it waits in the midst of something.
        failure: what ended its work.
    """

    def __init__(self, number: int, name: str, back: SimpleQueue[Strand]) -> None:
        self.number, self.at_work = number, False
        self.waits: Callable[[], bool] | None = None
        self._go, self._back = threading.Lock(), back
        self._go.acquire()
        self._work: Callable[[], None] | None = None
        self.failure: BaseException | None = None
        threading.Thread(target=self._live, daemon=True, name=f"d4p {name}").start()

    # What the loop calls

    def start(self, work: Callable[[], None] | None) -> None:
        """Have it do something, or end. It isn't at work."""
        self._work = work
        self._hand_over()

    def go_on(self) -> None:
        """Have it go on where it waits."""
        self.waits = None
        self._hand_over()

    def _hand_over(self) -> None:
        self.at_work = True
        self._go.release()

    # What runs in the thread

    def wait(self, until: Callable[[], bool]) -> None:
        """Wait until something is so; called from within its work."""
        self.waits = until
        self._back.put(self)
        self._go.acquire()

    def _live(self) -> None:
        while True:
            self._go.acquire()
            if self._work is None:
                return
            try:
                self._work()
            except BaseException as error:
                self.failure = error
            self._back.put(self)


class Crew:
    """The threads of a rank's instances.

    Args:
        names: of the instances, by number.
    """

    def __init__(self, names: dict[int, str]) -> None:
        self._back: SimpleQueue[Strand] = SimpleQueue()
        self._strands = {number: Strand(number, name, self._back) for number, name in names.items()}

    def __getitem__(self, number: int) -> Strand:
        return self._strands[number]

    @property
    def at_work(self) -> bool:
        """Whether one of them is."""
        return any(strand.at_work for strand in self._strands.values())

    @property
    def busy(self) -> list[int]:
        """The numbers of the instances that are in the midst of something."""
        return [number for number, strand in self._strands.items() if strand.at_work or strand.waits is not None]

    def back(self, seconds: float = 0.0) -> list[int]:
        """The numbers of those who are done, after so many seconds at most where nobody is yet. Raises what one of them
        failed with."""
        done = []
        try:
            strand = self._back.get(timeout=seconds) if seconds else self._back.get_nowait()
            while True:
                strand.at_work = False
                if strand.failure is not None:
                    raise strand.failure
                if strand.waits is None:
                    done.append(strand.number)
                strand = self._back.get_nowait()
        except Empty:
            return done

    def close(self) -> None:
        """All are done."""
        for strand in self._strands.values():
            strand.start(None)
