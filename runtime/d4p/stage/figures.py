"""Where the time of an instance goes, and what its process takes: the same fields on every engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from d4p.host import usage

_T = TypeVar("_T")

#: What an instance is at: at any moment at exactly one of these, so that their seconds add up to its life.
#:
#: - starting: its PEs are copied and wired; preprocess, postprocess: the methods of its PEs;
#: - waiting: for input; held: for order, while it holds items whose turn it isn't; queued: for its turn, while others
#:   that share its thread or its cores are at work;
#: - unpacking, working, packing: on items; blocked: on what takes its output;
#: - committing: its parts of outputs are made whole.
PARTS: tuple[str, ...] = ("starting", "preprocess", "waiting", "held", "queued", "unpacking", "working", "packing",
                          "blocked", "postprocess", "committing")


#: What `Clock.report` gives where nothing has come of it.
UNKNOWN: dict[str, Any] = {
    "began": None, "life": None, "seconds": {}, "at": None, "cpu": None, "delayed": None, "host": None, "process": None,
    "peak": None, "memory": None, "gc": None, "within": {}}  # fmt: skip


def together(seconds: Iterable[float | None]) -> float | None:
    """All of them; None where one isn't known."""
    found = list(seconds)
    return sum(each for each in found if each is not None) if None not in found else None


class Clock:
    """The seconds of an instance by what it was at. It is set by one thread at a time; any may read it.

    It costs a look at the clock where a batch begins and where it ends, and nothing for an item.
    """

    def __init__(self) -> None:
        self.part = PARTS[0]
        self.began = time.time()
        self.seconds: dict[str, float] = dict.fromkeys(PARTS, 0.0)
        self._born = self._since = time.perf_counter()
        self._ended: dict[str, float] | None = None
        self._died: float | None = None
        self.thread: int | None = None  # which works for this instance only
        self._thread: int | None = None  # its clock of CPU seconds
        self._before = 0.0
        self._cpu: float | None = None
        self._native: int | None = None
        self._delayed: float | None = None
        self.beside: Callable[[], float | None] = float  # CPU seconds of processes that work for it

    def enter(self, part: str, now: Any = time.perf_counter) -> str:
        """From now on it is at `part`; gives what it was at."""
        moment, before = now(), self.part
        self.seconds[before] += moment - self._since
        self._since, self.part = moment, part
        return before

    def move(self, seconds: float, source: str, dest: str) -> None:
        """Some seconds that count as `source` were `dest`."""
        self.seconds[source] -= seconds
        self.seconds[dest] += seconds

    def waiting(self, items: Iterable[_T], part: str = "waiting") -> Iterator[_T]:
        """The same items; while the next one is asked for, the instance is at `part`."""
        rest = iter(items)
        while True:
            before = self.enter(part)
            try:
                item = next(rest)
            except StopIteration:
                return
            finally:
                self.enter(before)
            yield item

    def handing(self, items: Iterable[_T], part: str = "blocked") -> Iterator[_T]:
        """The same items; until the one who takes them asks for the next, the instance is at `part`."""
        for item in items:
            before = self.enter(part)
            yield item
            self.enter(before)

    def alone(self) -> None:
        """This thread works for this instance only: its CPU seconds are the instance's."""
        self.thread = threading.get_ident()
        try:
            self._thread = time.pthread_getcpuclockid(threading.get_ident())
            self._before = time.clock_gettime(self._thread)
        except (AttributeError, OSError):  # not a system that can tell
            self._thread = None
        self._native = threading.get_native_id()
        self._delayed_before = usage.delayed(self._native) or 0.0

    def stop(self) -> None:
        """Its life is over; to be called by its thread."""
        if self._ended is None:
            self.enter(self.part)
            self._died = time.perf_counter()
            self._ended = dict(self.seconds)
            self._cpu, self._thread = self._cpu_so_far(), None
            self._delayed, self._native = self._delayed_so_far(), None

    def _cpu_so_far(self) -> float | None:
        mine, beside = self._cpu, self.beside()
        if self._thread is not None:
            with suppress(OSError):  # the thread has ended
                mine = time.clock_gettime(self._thread) - self._before + (beside or 0.0)
        return None if beside is None else mine

    def _delayed_so_far(self) -> float | None:
        found = None if self._native is None else usage.delayed(self._native)
        return self._delayed if found is None else round(found - self._delayed_before, 6)

    def report(self) -> dict[str, Any]:
        """`began` (seconds since 1970), `life` (its seconds from then on), `seconds` by part, the part that it is `at`
        (None where it is over), `cpu` seconds of its thread and of processes that
        work for it (None where it shares one), for how many its thread was `delayed` since no core was free (None
        where that isn't known), and what its process takes (`d4p.host.usage`)."""
        seconds = self._ended
        if seconds is None:
            part, since, seconds = self.part, self._since, dict(self.seconds)
            seconds[part] += time.perf_counter() - since
        life = (self._died or time.perf_counter()) - self._born
        return {"began": self.began, "life": round(life, 6), "seconds": seconds,
                "at": self.part if self._ended is None else None, "cpu": self._cpu_so_far(),
                "delayed": self._delayed_so_far(), **usage.usage()}
