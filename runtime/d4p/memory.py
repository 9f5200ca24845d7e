"""The memory of large items, which come and go: kept for the next one instead of given back to the system each time."""

from __future__ import annotations

import contextlib
import ctypes
import os

#: Of glibc's mallopt.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
#: Blocks below this size come from memory that is kept; so much of it is kept unused, and it grows by so much.
_LARGE, _KEPT, _STEP = 32 << 20, 64 << 20, 16 << 20


def keep() -> None:
    """Have glibc keep what is freed: to get a page anew from the system costs more than to fill it. Where the user has
    set glibc's own variables, or there is no glibc, nothing is done."""
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _KEPT)
        mallopt(_TOP_PAD, _STEP)
