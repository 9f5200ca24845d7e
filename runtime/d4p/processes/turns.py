"""Turns: of many instances with much work to do, as many at a time as there are cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Turns:
    """The next instance begins when one is done, in their order: so nobody waits for work while there is some.

    Args:
        context: of multiprocessing.
        instances: how many there are.
        cores: how many may be at work.
    """

    def __init__(self, context: Any, instances: int, cores: int) -> None:
        self._gates = [context.Semaphore(1 if i < cores else 0) for i in range(instances)]
        self._next = context.Value("Q", min(cores, instances))

    @contextmanager
    def turn(self, instance: int) -> Iterator[None]:
        """Waits for an instance's turn, and gives it on."""
        self._gates[instance].acquire()
        try:
            yield
        finally:
            with self._next.get_lock():
                following, self._next.value = self._next.value, self._next.value + 1
            if following < len(self._gates):
                self._gates[following].release()
