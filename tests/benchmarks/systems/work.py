"""What every system computes, and what must come of it: each step is a Python function of an item, the same everywhere.

    numbers   0, 1, 2, ... > add_one > add_one > how many, and their sum
    arrays    float32 arrays of 64 KiB > add_one > add_one > how many, and the sum of their first elements
    words     lines of a file > words > count of each > how many words, how many different ones, and a checksum

Needs only the standard library, and numpy for arrays: it is imported in each system's own environment.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from collections.abc import Callable, Iterable

ARRAY = 16 << 10  # float32: 64 KiB


def array(number: int):
    """The array that comes of a number."""
    import numpy as np

    return np.full(ARRAY, number % 1000, np.float32)


def add_one(item):
    """One step, of a number or an array."""
    return item + 1


def first(item) -> int:
    """What is added up of an item."""
    return item if isinstance(item, int) else int(item[0])


def of_counts(counts: Iterable[tuple[str, int]]) -> list[int]:
    """The answer of `words`."""
    total = different = checksum = 0
    for word, count in counts:
        total, different = total + count, different + 1
        checksum += zlib.crc32(word.encode()) * count
    return [total, different, checksum % (1 << 32)]


def expected(kind: str, items: int, text: str = "") -> list[int]:
    """The answer, by the shortest way."""
    if kind == "numbers":
        return [items, items * (items - 1) // 2 + 2 * items]
    if kind == "arrays":
        return [items, sum(number % 1000 + 2 for number in range(items))]
    from collections import Counter

    counts: Counter[str] = Counter()
    with open(text) as lines:
        for line in lines:
            counts.update(line.split())
    return of_counts(counts.items())


def main(version: str, answer: Callable[..., Iterable]) -> None:
    """Work on a few items twice, then on all, and say how long each took: `python SYSTEM.py KIND FEW ALL [options]`.

    What a system does once in a process is in the first alone, what it does for each piece of work is in all three. Of
    `words` FEW and ALL are files. `answer(kind, given, *options)` does the work."""
    kind, few, given, *options = sys.argv[1:]
    said = {"version": version}
    for name, some in ("start", few), ("few", few), ("all", given):
        start = time.perf_counter()
        said["answer"] = [int(part) for part in answer(kind, some, *options)]
        said[name] = time.perf_counter() - start
    print(json.dumps(said), flush=True)
