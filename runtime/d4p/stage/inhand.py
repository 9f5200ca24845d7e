"""The items that the instances of a process have in hand: a thread of its own looks some times a second.

So those that take long are known, and who has them, even within a stage of several PEs, and for the others nothing is
done at all: not a clock is looked at.
"""

from __future__ import annotations

import heapq
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from d4p.host.threads import cores
from d4p.outputs.writing import Writing

if TYPE_CHECKING:
    from d4p.stage.profile import Profiles

#: Seconds between two looks; of a core no more than this share goes in looking, in seconds of the CPU.
EVERY, SHARE = 0.05, 0.004
#: After a pause of so many the interpreter was held all the while, by what is in hand now.
_HELD = 3
#: Items that are kept of an instance.
MOST = 20
#: The methods of PEs that take an item, or give one.
_METHODS = ("_process", "process", "process_batch", "read")
#: What an instance may be at while its PE's method is on the stack and doesn't work.
_APART = frozenset({"blocked", "packing", "queued", "held"})


class Slowest:
    """The items of an instance that took longest, of those that were seen in hand more than once.

    Attributes:
        within: the seconds by PE for which it was seen at work.
    """

    def __init__(self) -> None:
        self.within: dict[str, float] = {}
        self._kept: list[tuple[float, str, int]] = []  # a heap
        self.now: tuple[float, str, int] | None = None  # the one in hand

    def add(self, found: tuple[float, str, int]) -> None:
        """Seconds, PE, number of the item among those that the PE received, from 1."""
        if len(self._kept) < MOST:
            heapq.heappush(self._kept, found)
        else:
            heapq.heappushpop(self._kept, found)

    def report(self) -> list[tuple[float, str, int]]:
        """The longest first."""
        found = [*self._kept, self.now] if self.now is not None else list(self._kept)
        # From when it was first seen to when it was last seen: half of the time between looks more at either end.
        return [(round(seconds + EVERY, 3), pe, item) for seconds, pe, item in sorted(found, reverse=True)[:MOST]
                if seconds]


class InHand:
    """What the instances of a process have in hand.

    Args:
        stages: they; each is looked at once its PEs are there.
    """

    def __init__(self, stages: Iterable[Any]) -> None:
        # Whose method it is, by the code's id: to hash a code looks at all that is in it, for each frame of a stack.
        self._of: dict[int, list[tuple[Any, str, Any]]] = {}
        self._codes: list[CodeType] = []  # kept, so that their ids stay theirs
        self._unmade, self._stages = list(stages), list[Any]()
        self._seen: dict[int, tuple[Any, str, int, float]] = {}  # by thread: stage, PE, item, seconds
        self._last = 0.0

    def look(self, now: float) -> None:
        """Look once; `now` in seconds."""
        if self._unmade:
            self._take_made()
        gap, self._last = now - self._last if self._last else EVERY, now
        frames = sys._current_frames()
        main = threading.main_thread().ident or 0
        for thread in {stage.clock.thread or main for stage in self._stages}:
            found = self._held(frames.get(thread), thread)
            before = self._seen.get(thread)
            if found:
                within = found[0].slowest.within
                within[found[1]] = within.get(found[1], 0.0) + gap
            if before and found and before[:3] == found:
                seconds = before[3] + gap
                before[0].slowest.now = seconds, before[1], before[2]
                self._seen[thread] = (*found, seconds)
                continue
            if before:
                before[0].slowest.now = None
                if before[3]:
                    before[0].slowest.add((before[3], before[1], before[2]))
            if found:
                self._seen[thread] = (*found, gap - EVERY if gap > _HELD * EVERY else 0.0)
            else:
                self._seen.pop(thread, None)

    def _take_made(self) -> None:
        for stage in [each for each in self._unmade if each.pes]:
            for name, pe in zip(stage.names, stage.pes, strict=True):
                for method in _METHODS:
                    if code := getattr(getattr(type(pe), method, None), "__code__", None):
                        self._is_of(code, (stage, name, pe))
            for isolated in stage.isolated:  # here it only waits for its process
                for code in (isolated.process.__code__, isolated._process.__code__):
                    self._is_of(code, (stage, isolated.name, isolated))
            self._unmade.remove(stage)
            self._stages.append(stage)

    def _is_of(self, code: CodeType, whose: tuple[Any, str, Any]) -> None:
        self._codes.append(code)
        self._of.setdefault(id(code), []).append(whose)

    def _held(self, frame: FrameType | None, thread: int | None) -> tuple[Any, str, int] | None:
        """The innermost PE that is on a thread's stack with an item: its stage, its name, the item's number."""
        while frame is not None:
            if candidates := self._of.get(id(frame.f_code)):
                found = candidates[0] if len(candidates) == 1 else _self(frame, candidates)
                if found is not None:
                    stage, name, _ = found
                    if stage.clock.part in _APART:
                        return None
                    return stage, name, stage.counts().get(name, 0) + (frame.f_code.co_name == "read")
            frame = frame.f_back
        return None


def _self(frame: FrameType, candidates: list[tuple[Any, str, Any]]) -> tuple[Any, str, Any] | None:
    """Which of several PEs of a class it is whose method this is."""
    names = frame.f_code.co_varnames
    mine = frame.f_locals.get(names[0]) if names else None
    return next((each for each in candidates if each[2] is mine), None)


def looking(stages: Callable[[], Iterable[Any]], writing: Writing, beside: int = 1) -> AbstractContextManager[Any]:
    """Within this a thread looks what some instances have in hand, and times their PEs now and then, if the run leaves
    a record, and that is wanted. So many processes of the run look `beside` each other on this machine."""
    return _Looking(stages, writing.profile, max(1.0, beside / cores())) if writing.recorded else nullcontext()


def _profiles() -> Profiles:
    from d4p.stage.profile import Profiles  # here, since it is seldom asked for

    return Profiles()


class _Looking:
    def __init__(self, stages: Callable[[], Iterable[Any]], timed: bool, crowd: float) -> None:
        self._crowd = crowd  # processes that look on a core
        self._stages, self._going = stages, threading.Lock()  # not an Event, whose wait is Python's own code
        self._profiles = _profiles() if timed else None
        self._thread = threading.Thread(target=self._loop, daemon=True, name="d4p in hand")

    def __enter__(self) -> _Looking:
        self._going.acquire()
        self._thread.start()
        return self

    def _loop(self) -> None:
        stages = list(self._stages())
        in_hand, profiles = InHand(stages), self._profiles
        pause = EVERY
        while not self._going.acquire(timeout=pause):
            began = time.thread_time()  # what it costs, and not how long others had the machine meanwhile
            in_hand.look(time.perf_counter())
            pause = max(EVERY, (time.thread_time() - began) / SHARE * self._crowd)
            if profiles is not None:
                profiles.turn(stages)

    def __exit__(self, *exc: object) -> None:
        self._going.release()
        self._thread.join()
        if self._profiles is not None:
            self._profiles.stop()
