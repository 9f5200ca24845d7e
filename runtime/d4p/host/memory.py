"""The memory of large items, which come and go: kept for the next one instead of given back to the system each time."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
from typing import Any

#: Of glibc's mallopt.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
#: Blocks below this size come from memory that is kept; so much of it is kept unused, and it grows by so much.
_LARGE, _KEPT, _STEP = 32 << 20, 64 << 20, 16 << 20
#: So much of it the system is asked to give in pages of this size: a page at its first use is what costs.
_FIRST, _PAGE = 24 << 20, 2 << 20


def keep() -> None:
    """Have glibc keep what is freed: to get a page anew from the system costs more than to fill it. Where the user has
    set glibc's own variables, or there is no glibc, nothing is done."""
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT)
        libc.mallopt(_TOP_PAD, _STEP)
        _in_large_pages(libc)


def _in_large_pages(libc: Any) -> None:
    """Take a block and free it, so that it is kept, and in large pages from its first use on."""
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    block = libc.malloc(_FIRST)
    if block:
        start = -(-block // _PAGE) * _PAGE
        whole = (block + _FIRST - start) // _PAGE * _PAGE
        libc.madvise(start, whole, mmap.MADV_HUGEPAGE)  # type: ignore[attr-defined]  # not where there is none
        libc.free(block)
