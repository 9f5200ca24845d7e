"""One channel of `processes` beside multiprocessing's Queue and Pipe, which carry items one by one."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from d4p import processes

from .compiled import program, run
from .measure import Row, alternating, at_least
from .workflows.channel import items

#: How many items: as a channel carries them, and one by one.
MANY, FEW = {"integers": 3_000_000, "pairs": 2_000_000, "arrays": 40_000}, 20
BYTES = 64 << 10
WANTED = {"integers": (300_000, "items/s"), "pairs": (300_000, "items/s"), "arrays": (500, "MB/s")}


def rows(quick: bool) -> Iterator[Row]:
    for kind, most in MANY.items():
        count = most // 10 if quick else most
        few = count // (1 if kind == "arrays" else FEW)
        ours, queue, pipe = alternating(3, partial(compiled, kind, count), partial(one_by_one, queued, kind, few),
                                        partial(one_by_one, piped, kind, few))
        least, unit = WANTED[kind]
        speed, *others = (_speed(each, kind) for each in (ours / count, queue / few, pipe / few))
        yield Row(f"channel, {kind}" + (" of 64 KiB" if kind == "arrays" else ""), f"{speed:,.0f} {unit}",
                  "Queue {:,.0f}, Pipe {:,.0f}".format(*others),
                  **at_least(speed, least, " and ".join(f"{speed / other:.1f}" for other in others) + " times",
                             f">= {least:,} {unit}"))


def _speed(seconds: float, kind: str) -> float:
    """Items a second, or MB a second, from the seconds that an item takes."""
    return BYTES / 1e6 / seconds if kind == "arrays" else 1 / seconds


def compiled(kind: str, count: int) -> float:
    """Seconds from the first item to the last, as the consumer saw it."""
    with program("channel.py:pair", "processes", 2, kind=kind, count=count) as names:
        (((arrived, seconds),),) = run(names, processes).values()
    assert arrived == count
    return seconds


def one_by_one(producer: Callable, kind: str, count: int) -> float:
    """The same with a producer in a process of its own that sends each item by itself."""
    context = multiprocessing.get_context("fork")
    made = context.Queue() if producer is queued else context.Pipe(duplex=False)
    process = context.Process(target=producer, args=(made, kind, count))
    process.start()
    get = made.get if producer is queued else made[0].recv
    get()
    start = time.perf_counter()
    for _ in range(count - 1):
        get()
    seconds = time.perf_counter() - start
    process.join()
    return seconds


def queued(queue: Any, kind: str, count: int) -> None:
    for item in items(kind, count):
        queue.put(item)


def piped(pipe: Any, kind: str, count: int) -> None:
    for item in items(kind, count):
        pipe[1].send(item)
