"""How the work of a stage falls to its PEs, with --profile: their calls are timed for some moments, now and then.

While they are, the methods of their classes are others, which look at the clock. So nothing at all is done for an item
while nothing is timed, and what is timed is the same loop. Where calls are long they are timed all the time, and where
they are short for as long as that costs no more than a share of the run. It is the class that changes and not the
instance: of one that has had a method or a class of its own, or whose `__dict__` was looked at, the interpreter reaches
every attribute in a slower way for good.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from d4p.graph.base import IterativePE
from d4p.graph.core import GenericPE

#: Of the CPU seconds of a process that may go in timing; and at first, so that a short run has figures at all.
SHARE, FIRST = 0.008, 0.003
#: Calls that are timed one after the other at least; and of those before, so that there are not many such moments:
#: after a thousand changes of a class the interpreter makes its calls no faster any more.
_LEAST, _PART = 2_000, 5
#: The methods that take an item.
_BATCH = "process_batch"
_METHODS = ("_process", "process", _BATCH)


class Profile:
    """The times of the PEs that one thread calls.

    Args:
        now: a clock, in seconds.
        spent: gives the CPU seconds of this process.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter,
                 spent: Callable[[], float] = time.process_time) -> None:
        self.on = False
        self._now, self._inner, self._calls, self._until = now, 0.0, 0, 1 << 62
        self._pes: list[_Timed] = []
        self._lock = threading.Lock()
        self._bias, self._cost = self._calibrated()
        self._spent, self._began = spent, spent()

    def add(self, stage: Any) -> None:
        """Time the PEs of a stage, too."""
        mine = [_Timed(self, stage, name, pe) for name, pe in zip(stage.names, stage.pes, strict=True)]
        self._pes += mine
        stage.profile = lambda: {each.name: [round(max(0.0, each.seconds), 6), each.items] for each in mine}

    def turn(self) -> None:
        """Time calls from now on, if what that has cost allows it; to be called again and again. It ends by itself."""
        left = int((FIRST + SHARE * (self._spent() - self._began)) / self._cost) - self._calls
        if not self._calls:
            left = max(left, _LEAST)  # however slow this machine was when the cost was looked at
        if self.on or left < max(_LEAST, self._calls // _PART):
            return
        with self._lock:
            self._until, self.on = self._calls + left, True
            for each in self._pes:
                each.swap(True)

    def stop(self) -> None:
        """Time no more calls for now."""
        with self._lock:
            for each in self._pes if self.on else ():
                each.swap(False)
            self.on = False

    def timed(self, of: _Timed, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method, timed: what it calls in turn, and what packing and sending take, are none of its seconds."""
        now, parts = self._now, of.stage.clock.seconds

        def call(*arguments: Any) -> Any:
            outer, self._inner = self._inner, 0.0
            apart = parts["packing"] + parts["blocked"]
            began = now()
            try:
                return method(*arguments)
            finally:
                net = now() - began - (parts["packing"] + parts["blocked"] - apart)
                of.seconds += net - self._inner - self._bias
                of.items += 1
                self._calls += 1
                self._inner = outer + net + self._cost - self._bias
                if self._calls > self._until and self.on:
                    self.stop()

        return call

    def given(self, of: _Timed, batches: Iterator[Any]) -> Iterator[Any]:
        """The batches of a generator, each timed as a call, and no item."""
        following = self.timed(of, lambda: next(batches, _END))
        while True:
            of.items -= 1
            if (batch := following()) is _END:
                return
            yield batch

    def _calibrated(self) -> tuple[float, float]:
        """The seconds that a call of nothing is measured to take, and those that to time it takes."""
        self._bias = self._cost = 0.0
        pe, count = _Nothing(), 300
        nothing = _Timed(self, _Nothing, "", pe)

        def took() -> float:
            began = self._now()
            for _ in range(count):
                pe._process()
            return (self._now() - began) / count

        bias = with_it = without = float("inf")
        for _ in range(5):  # the least is what no other process has made longer
            nothing.seconds, without = 0.0, min(without, took())
            nothing.swap(True)
            with_it = min(with_it, took())
            nothing.swap(False)
            bias = min(bias, nothing.seconds / count)
        self._calls, self._inner = 0, 0.0
        return max(0.0, bias), max(bias, with_it - without, 1e-9)


class Profiles:
    """A profile for each thread."""

    def __init__(self) -> None:
        self._by_thread: dict[int | None, Profile] = {}
        self._known: set[int] = set()

    def turn(self, stages: Iterable[Any]) -> None:
        """As `Profile.turn`. A stage is in it once it is past its start."""
        for stage in stages:
            if id(stage) not in self._known and stage.clock.part != "starting":
                self._known.add(id(stage))
                self._by_thread.setdefault(stage.clock.thread, Profile()).add(stage)
        for each in self._by_thread.values():
            each.turn()

    def stop(self) -> None:
        """Time no more."""
        for each in self._by_thread.values():
            each.stop()


_END = object()


class _Clock:
    seconds = {"packing": 0.0, "blocked": 0.0}


class _Nothing:
    clock = _Clock()

    def _process(self) -> None:
        """Takes no time."""


class _Timed:
    """One PE, and what was timed of it."""

    def __init__(self, profile: Profile, stage: Any, name: str, pe: Any) -> None:
        self.stage, self.name, self.pe = stage, name, pe
        self.seconds, self.items = 0.0, 0
        self._profile = profile
        self._own: dict[str, tuple[Any, Any]] = {}  # methods that the instance itself has, and those timed
        self._of_class = [(found, self._method(method, found.plain)) for method in _METHODS
                          if (found := _methods(type(pe), method)) is not None]  # fmt: skip

    def swap(self, on: bool) -> None:
        """Have its calls timed, or no longer."""
        for method, timed in self._of_class:
            method.swap(self.pe, timed if on else None)
        if on:
            self._own = {name: (plain, self._method(name, plain)) for name in _METHODS
                         if inspect.isfunction(plain := getattr(self.pe, name, None))}
        for name, (plain, timed) in self._own.items():
            if getattr(self.pe, name, None) is (plain if on else timed):
                setattr(self.pe, name, timed if on else plain)

    def _method(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        timed = self._profile.timed(self, plain)
        if name != _BATCH:
            return timed

        def batch(*arguments: Any) -> Any:
            self.items += len(next(iter(arguments[-1].values()))) - 1
            if not inspect.isgeneratorfunction(plain):
                return timed(*arguments)
            self.items += 1
            return self._profile.given(self, plain(*arguments))

        return batch


class _Method:
    """A method of a class, of some of whose instances calls are timed now."""

    def __init__(self, of: type, name: str, plain: Callable[..., Any]) -> None:
        self.plain = plain
        self._of, self._name, self._is_its_own = of, name, name in vars(of)
        timed = self._timed = {}

        def call(pe: Any, *arguments: Any) -> Any:
            found = timed.get(id(pe))
            return plain(pe, *arguments) if found is None else found(pe, *arguments)

        self._call = call

    def swap(self, pe: Any, timed: Callable[..., Any] | None) -> None:
        """Have the calls of an instance timed, or (None) no longer."""
        with _lock:
            had = bool(self._timed)
            if timed is not None:
                self._timed[id(pe)] = timed
            else:
                self._timed.pop(id(pe), None)
            if had == bool(self._timed):
                return
            with suppress(TypeError, AttributeError):  # a class that lets nobody change it: its calls aren't timed
                if not had:
                    setattr(self._of, self._name, self._call)
                elif self._is_its_own:
                    setattr(self._of, self._name, self.plain)
                else:
                    delattr(self._of, self._name)


_lock = threading.Lock()
_known: dict[tuple[type, str], _Method] = {}


def _methods(of: type, name: str) -> _Method | None:
    """The method of a class by a name; None where it has none, or that of the base classes, which calls another."""
    plain = getattr(of, name, None)
    if not inspect.isfunction(plain) or plain.__module__ in (GenericPE.__module__, IterativePE.__module__):
        return None
    with _lock:
        if (of, name) not in _known:
            _known[of, name] = _Method(of, name, plain)
        return _known[of, name]
