"""What this process takes of its machine: memory at its most, and seconds spent collecting garbage."""

from __future__ import annotations

import gc
import mmap
import os
import platform
import sys
import time
from typing import Any

try:
    import resource
except ImportError:  # a system that doesn't tell
    resource = None  # type: ignore[assignment]

#: Linux counts in KiB, macOS in bytes.
_UNIT = 1 if sys.platform == "darwin" else 1024

#: In the number of a clock of Linux: that it is the one of a process, and counts its time on all cores.
_CPU_CLOCK = 2


class _Collections:
    """The seconds of this process's garbage collections; a fork begins anew."""

    def __init__(self) -> None:
        self.process, self.seconds, self._began = os.getpid(), 0.0, 0.0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self.seconds += time.perf_counter() - self._began


_collections = _Collections()


def watch() -> None:
    """From now on the seconds of collections are counted."""
    global _collections
    if _collections.process != os.getpid() or _collections not in gc.callbacks:
        if _collections in gc.callbacks:
            gc.callbacks.remove(_collections)
        _collections = _Collections()
        gc.callbacks.append(_collections)


def usage() -> dict[str, Any]:
    """`host`, `process` (its number), `peak` (bytes of memory at most), `memory` (those now), which are None where the
    system doesn't tell, `gc` (seconds of collections so far)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT if resource else None
    return {"host": platform.node(), "process": os.getpid(), "peak": peak, "memory": _memory(),
            "gc": round(_collections.seconds, 6)}


def delayed(thread: int) -> float | None:
    """Seconds for which a thread of this process, by its native number, could have worked and no core was free; None
    where the system doesn't tell (Linux does), or there is no such thread."""
    try:
        with open(f"/proc/self/task/{thread}/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return None


def cpu_of(process: int) -> float | None:
    """CPU seconds of a process of this machine so far, also of one that has ended and wasn't waited for; None where the
    system doesn't tell."""
    try:
        return time.clock_gettime((~process << 3) | _CPU_CLOCK) if sys.platform == "linux" else None
    except OSError:  # there is none
        return None


def _memory() -> int | None:
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * mmap.PAGESIZE
    except (OSError, ValueError, IndexError):  # not a system that has it
        return None
