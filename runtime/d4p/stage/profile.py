"""How the work of a stage falls to its PEs, with --profile: their calls are timed for some moments, now and then.

A PE is timed while it is of a class that differs from its own in that its methods look at the clock. So nothing at all
is done for an item while nothing is timed, and what is timed is the same loop. Where calls are long they are timed all
the time, and where they are short for as long as that costs no more than a share of the run.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from d4p.graph.core import GenericPE

#: Of the CPU seconds of a process that may go in timing; and at first, so that a short run has figures at all.
SHARE, FIRST = 0.008, 0.003
#: Calls that are timed one after the other, at least.
_LEAST = 2_000
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
        if self.on or left < _LEAST:
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
        nothing = _Timed(self, _Nothing, "", _Nothing())
        plain, timed, count = nothing.pe.nothing, self.timed(nothing, nothing.pe.nothing), 300

        def took(call: Callable[[], Any]) -> float:
            began = self._now()
            for _ in range(count):
                call()
            return (self._now() - began) / count

        bias = with_it = without = float("inf")
        for _ in range(5):  # the least is what no other process has made longer
            nothing.seconds = 0.0
            with_it, without = min(with_it, took(timed)), min(without, took(plain))
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

    def nothing(self) -> None:
        """Takes no time."""


class _Timed:
    """One PE, and what was timed of it."""

    def __init__(self, profile: Profile, stage: Any, name: str, pe: Any) -> None:
        self.stage, self.name, self.pe = stage, name, pe
        self.seconds, self.items = 0.0, 0
        self._profile = profile
        self._mine: type = type(pe)
        self._other: type | None = None  # of the same methods, timed
        self._own: dict[str, tuple[Any, Any]] = {}  # methods that the instance itself has, and those timed

    def swap(self, on: bool) -> None:
        """Have its calls timed, or no longer."""
        if not on:
            for name, (plain, timed) in self._own.items():
                if vars(self.pe).get(name) is timed:
                    setattr(self.pe, name, plain)
            if type(self.pe) is self._other:
                self.pe.__class__ = self._mine
            return
        self._own = {name: (plain, self._method(name, plain)) for name in _METHODS
                     if (plain := getattr(self.pe, "__dict__", {}).get(name)) is not None}
        for name, (_, timed) in self._own.items():
            setattr(self.pe, name, timed)
        if self._other is None:
            self._other = self._made()
        if type(self.pe) is self._mine:
            try:
                self.pe.__class__ = self._other
            except TypeError:  # not a class that lets
                self._other = self._mine

    def _method(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        if name != _BATCH:
            return self._profile.timed(self, plain)
        timed = self._profile.timed(self, plain)

        def batch(*arguments: Any) -> Any:
            self.items += len(next(iter(arguments[-1].values()))) - 1
            if not inspect.isgeneratorfunction(plain):
                return timed(*arguments)
            self.items += 1
            return self._profile.given(self, plain(*arguments))

        return batch

    def _made(self) -> type:
        """A class of the same name whose methods are timed; its own where it can have none beside it."""
        mine = self._mine
        hook = next(of for of in mine.__mro__ if "__init_subclass__" in vars(of))
        if hook not in (GenericPE, object):  # it does something for each class
            return mine
        body: dict[str, Any] = {"__slots__": (), "__module__": mine.__module__, "__qualname__": mine.__qualname__,
                                "__doc__": mine.__doc__,
                                "__reduce_ex__": lambda pe, protocol: self._reduced(pe, protocol)}
        for name in _METHODS:
            if inspect.isfunction(method := getattr(mine, name, None)):
                body[name] = self._method(name, method)
        return type(mine)(mine.__name__, (mine,), body)

    def _reduced(self, pe: Any, protocol: Any) -> Any:
        """It is pickled as what it is."""
        pe.__class__ = self._mine
        return pe.__reduce_ex__(protocol)
