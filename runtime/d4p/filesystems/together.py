"""Many small things that this machine's disks are asked for: each waits, and many wait as long as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

#: What waits at the same time, and how many there must be.
_THREADS, _MANY = 32, 8


def many(count: int) -> bool:
    """Whether so many are done by threads."""
    return count >= _MANY


def together(call: Callable[[Any], Any], each: Iterable[Any]) -> list[Any]:
    """What `call` gives for each, by threads where there are many. Raises what a call raised, once all have ended."""
    each = list(each)
    if not many(len(each)):
        return [call(one) for one in each]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(call, each))
