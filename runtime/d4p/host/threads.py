"""How many threads a library may use in a PE: decided here alone, so that instances don't fight for cores."""

from __future__ import annotations

import os

#: What tells numerical libraries how many threads they may start.
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
             "VECLIB_MAXIMUM_THREADS")  # fmt: skip
THREADS = VARIABLES[0]
#: What tells them by which of a processor's instructions they compute, and so the last digits of what they give: where
#: the user has set it, it holds on all nodes.
KERNELS = ("OPENBLAS_CORETYPE", "MKL_CBWR", "NPY_DISABLE_CPU_FEATURES")
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


def threads_of(variable: str) -> int:
    """The threads that a variable such as OMP_NUM_THREADS says ("4", or "4,2" for threads of threads); else 1.

    >>> threads_of("4,2"), threads_of("")
    (4, 1)
    """
    first = variable.partition(",")[0].strip()
    return max(1, int(first)) if first.isdigit() else 1


def one_each() -> None:
    """An engine whose instances have a core each says so to the libraries, before any is loaded: they start as many
    threads as there are cores else. What the user has set holds."""
    for name in VARIABLES:
        os.environ.setdefault(name, "1")
