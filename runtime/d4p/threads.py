"""How many threads a library may use in a PE: decided here alone, so that instances don't fight for cores."""

from __future__ import annotations

import os

#: What an engine sets for the workers of a cluster.
THREADS = "OMP_NUM_THREADS"
_threads: int | None = None


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """Threads for a library that asks, as `scipy.fft.irfft(..., workers=threads())`.

    All cores where one instance runs at a time (the sequential target), one where an instance has a core to itself.
    """
    return _threads or cores()


def use_threads(count: int) -> None:
    """An engine says how many threads each of the instances of this process may use."""
    global _threads
    _threads = count
