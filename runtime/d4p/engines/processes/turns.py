"""Turns: of many instances with much work to do, as many at a time as there are cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from d4p.engines.processes.counter import Counter


class Turns:
    """The next instance begins when one is done, in their order: so nobody waits for work while there is some.

    Args:
        context: of multiprocessing.
        instances: how many there are.
        cores: how many may be at work.
    """

    def __init__(self, context: Any, instances: int, cores: int) -> None:
        self._gates = [context.Semaphore(1 if i < cores else 0) for i in range(instances)]
        self._first, self._done = min(cores, instances), Counter(context)

    @contextmanager
    def turn(self, instance: int) -> Iterator[None]:
        """Waits for an instance's turn, and gives it on."""
        self._gates[instance].acquire()
        try:
            yield
        finally:
            following = self._first + self._done.add(1)
            if following < len(self._gates):
                self._gates[following].release()

    def close(self) -> None:
        """Close what it has open here."""
        self._done.close()
