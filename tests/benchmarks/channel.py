"""One channel of `processes` beside what else carries items from one process to another, each in its own way.

multiprocessing's Queue and Pipe and a ZeroMQ push-pull carry items one by one, pickled, as their documentation has it
(ZeroMQ arrays as frames that aren't copied); loky is no channel: its worker gives back an item for each task.
"""

from __future__ import annotations

import contextlib
import importlib.util
import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from d4p.engines import processes

from .compiled import program, run
from .measure import Row, alternating, at_least, at_most
from .workflows.channel import BYTES, items

#: How many items: as a channel carries them, one by one, and for a pool of workers.
MANY = {"integers": 3_000_000, "pairs": 2_000_000, "arrays": 80_000, "large arrays": 10_000}
FEW = {"integers": 150_000, "pairs": 100_000, "arrays": 40_000, "large arrays": 4_000}
TASKS = {"integers": 4_000, "pairs": 4_000, "arrays": 2_000, "large arrays": 400}
WANTED = {"integers": 1_000_000, "pairs": 1_000_000, "arrays": 2_000, "large arrays": 3_000}
NAMES = {"arrays": "arrays of 64 KiB", "large arrays": "arrays of 1 MiB"}
#: Memory that a fast producer may be ahead of a slow consumer by.
MOST_MB = 64


def rows(quick: bool) -> Iterator[Row]:
    for kind in MANY:
        many, few, tasks = (count // (10 if quick else 1) for count in (MANY[kind], FEW[kind], TASKS[kind]))
        others = {"Queue": (queued, few), "Pipe": (piped, few)}
        if importlib.util.find_spec("zmq"):
            others["ZeroMQ"] = (zeromq, few)
        if importlib.util.find_spec("loky"):
            others["loky"] = (loky_pool, tasks)
        calls = [partial(call, kind, count) for call, count in others.values()]
        ours, *theirs = alternating(3, partial(compiled, kind, many), *calls)
        speed = _speed(ours / many, kind)
        found = {name: _speed(took / others[name][1], kind) for name, took in zip(others, theirs, strict=True)}
        unit = "MB/s" if kind in BYTES else "items/s"
        yield Row(f"channel, {NAMES.get(kind, kind)}", f"{speed:,.0f} {unit}",
                  ", ".join(f"{name} {other:,.0f}" for name, other in found.items()),
                  **at_least(speed, WANTED[kind], ", ".join(f"{speed / one:.1f}" for one in found.values()) + " times",
                             f">= {WANTED[kind]:,} {unit}"))  # fmt: skip
    for kind, count in (("arrays", 8_000), ("large arrays", 2_000)):
        yield memory(kind, count // (4 if quick else 1))


def _speed(seconds: float, kind: str) -> float:
    """Items a second, or MB a second, from the seconds that an item takes."""
    return BYTES[kind] / 1e6 / seconds if kind in BYTES else 1 / seconds


def compiled(kind: str, count: int, pause: float = 0.0) -> float:
    """Seconds from the first item to the last, as the consumer saw it."""
    with program("channel.py:pair", "processes", 2, kind=kind, count=count, pause=pause) as names:
        (((arrived, seconds),),) = run(names, processes).values()
    assert arrived == count
    return seconds


def one_by_one(process: Any, get: Callable[[], Any], count: int) -> float:
    """The same with a producer in a process of its own that sends each item by itself."""
    process.start()
    get()
    start = time.perf_counter()
    for _ in range(count - 1):
        get()
    seconds = time.perf_counter() - start
    process.join()
    return seconds


def queued(kind: str, count: int) -> float:
    queue = multiprocessing.Queue()
    return one_by_one(multiprocessing.Process(target=_each, args=(queue.put, kind, count)), queue.get, count)


def piped(kind: str, count: int) -> float:
    receive, send = multiprocessing.Pipe(duplex=False)
    return one_by_one(multiprocessing.Process(target=_each, args=(send.send, kind, count)), receive.recv, count)


def _each(put: Callable[[Any], None], kind: str, count: int) -> None:
    for item in items(kind, count):
        put(item)


def zeromq(kind: str, count: int) -> float:
    import zmq

    with zmq.Context() as context, context.socket(zmq.PULL) as pull:
        port = pull.bind_to_random_port("tcp://127.0.0.1")

        def get() -> Any:
            head, *buffers = pull.recv_multipart(copy=False)
            return pickle.loads(head.buffer, buffers=[frame.buffer for frame in buffers])

        return one_by_one(multiprocessing.Process(target=_push, args=(port, kind, count)), get, count)


def _push(port: int, kind: str, count: int) -> None:
    import zmq

    with zmq.Context() as context, context.socket(zmq.PUSH) as push:
        push.connect(f"tcp://127.0.0.1:{port}")
        for item in items(kind, count):
            buffers: list[pickle.PickleBuffer] = []
            push.send_multipart([pickle.dumps(item, 5, buffer_callback=buffers.append), *buffers], copy=False)


def loky_pool(kind: str, count: int) -> float:
    import loky

    with loky.ProcessPoolExecutor(1) as pool:
        pool.submit(_made, kind, 0).result()
        start = time.perf_counter()
        for _ in pool.map(_made, [kind] * count, range(count), chunksize=max(1, count // 40)):
            pass
        return time.perf_counter() - start


def _made(kind: str, number: int) -> Any:
    return next(iter(items(kind, number + 1)))


def memory(kind: str, count: int) -> Row:
    """The memory of a producer that is faster than its consumer, who takes a millisecond an item: all that they share,
    and what both processes' own grows by once they run (a forked process first makes pages its own that it reads)."""
    seen: list[tuple[int, int]] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            found = []
            for child in children:
                with contextlib.suppress(OSError, KeyError):  # one that ends just now
                    found += _memory(child)
            if len(found) == 2:
                own, shared = zip(*found, strict=True)
                seen.append((sum(own), max(shared)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        compiled(kind, count, pause=0.001)
    finally:
        stop.set()
        watcher.join()
    own, shared = zip(*seen[len(seen) // 8 :], strict=True)
    held = (max(own) - min(own) + max(shared)) / 1e6
    moved = count * BYTES[kind] / 1e6
    return Row(f"memory, {NAMES[kind]}, a slow consumer", f"{held:.0f} MB held", f"{moved:,.0f} MB moved",
               **at_most(held, MOST_MB) | {"ratio": "", "wanted": f"< {MOST_MB} MB"})  # fmt: skip


def _memory(pid: str) -> list[tuple[int, int]]:
    """Bytes of memory that are a worker's own, and of what channels share; nothing of a process that has no channel.
    Raises OSError or KeyError if it's gone."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    files = [file for file in Path(f"/proc/{pid}/fd").iterdir() if "memfd:d4p channels" in os.readlink(file)]
    found = {line.split(":")[0]: int(line.split()[1]) << 10 for line in text.splitlines() if line.endswith("kB")}
    return [(found["Pss_Anon"], max(os.stat(file).st_blocks * 512 for file in files))] if files else []
