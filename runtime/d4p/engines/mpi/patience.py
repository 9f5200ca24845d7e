"""Waiting without being busy: MPI has no call that sleeps until something comes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

#: Seconds for which a rank that has nothing to do looks without sleeping, and its first and longest sleep then.
AWAKE, SHORTEST, LONGEST = 50e-6, 20e-6, 1e-3

_yield = getattr(os, "sched_yield", lambda: time.sleep(0))


class Patience:
    """How long to wait before looking again: not at all at first, then twice as long each time.

    A millisecond at most, which costs an idle rank about a hundredth of a core.
    """

    def __init__(self) -> None:
        self._since = 0.0
        self._sleep = SHORTEST

    @property
    def idle(self) -> float:
        """For how many seconds nothing has come."""
        return time.perf_counter() - self._since if self._since else 0.0

    def reset(self) -> None:
        """Something came."""
        self._since, self._sleep = 0.0, SHORTEST

    def wait(self, sleep: Callable[[float], object] | None = None) -> None:
        """Nothing came: let others have the processor.

        Args:
            sleep: where others of this process are at work, what to wait by, from the beginning.
        """
        now = time.perf_counter()
        if not self._since:
            self._since = now
        if sleep is None and now - self._since < AWAKE:
            _yield()
            return
        (sleep or time.sleep)(self._sleep)
        self._sleep = min(2 * self._sleep, LONGEST)
