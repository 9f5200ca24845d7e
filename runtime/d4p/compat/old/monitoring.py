"""dispel4py.new.monitoring: PEs in a wrapper that times them."""

from __future__ import annotations

import time
from typing import Any, cast


class Timer:
    """`with Timer() as t:` leaves the seconds in `t.secs`."""

    def __init__(self, verbose: bool = False) -> None:
        self.verbose = verbose

    def __enter__(self) -> Timer:
        self.start = time.time()
        return self

    def __exit__(self, *error: Any) -> None:
        self.end = time.time()
        self.secs = self.end - self.start


class MonitoringWrapper:
    """An object made of another: it takes over all that the other holds, and is of its class and of this one.

    A subclass overrides methods and calls the wrapped one's by `self.baseObject`.
    """

    def __init__(self, baseObject: Any) -> None:
        base, wrapper = type(baseObject), type(self)
        names = {"__module__": base.__module__, "__qualname__": base.__qualname__, "_d4p_wrapped": base}
        made: Any = type(base.__name__, (wrapper, base), names)
        self.__class__ = made
        self.__dict__ = baseObject.__dict__

    @property
    def baseObject(self) -> Any:
        """The wrapped object: of its own class, with all that this one holds, so that a copy of this one is whole."""
        base = object.__new__(cast(Any, self)._d4p_wrapped)
        base.__dict__ = self.__dict__
        return base


class ProcessTimingPE(MonitoringWrapper):
    """A PE that logs at its end how long an item took on average."""

    def __init__(self, baseObject: Any) -> None:
        MonitoringWrapper.__init__(self, baseObject)
        self.times_total = 0.0
        self.times_count = 0

    def process(self, inputs: dict[str, Any]) -> dict[str, Any] | None:
        with Timer() as t:
            result = self.baseObject.process(inputs)
        self.times_total += t.secs
        self.times_count += 1
        return result

    def _postprocess(self) -> None:
        self.baseObject._postprocess()
        if self.times_count:
            cast(Any, self).log(f"Average processing time: {self.times_total / self.times_count}")
