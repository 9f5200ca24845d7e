"""What goes wrong in a stage: what a PE raised is the run's failure, whoever else it passes on its way out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from d4p.errors import ENGINES_OWN, ControlFlow, Interrupted, RunFailed
from d4p.host import forks
from d4p.host.signals import OF_USERS
from d4p.stage.limit import Enough

if TYPE_CHECKING:
    from d4p.stage.outlet import Put

#: What a PE may raise that fails the run: also a `sys.exit()`, which would end the program as if all were done, and
#: what else is no Exception; `Faults.fail` tells it from what is the engine's own.
FAILURES = (BaseException,)

#: Where an exception came out of, when the engine hadn't handed over an item: a PE, and "preprocess" or "postprocess".
At = tuple[str, str]


class Stop(ControlFlow):
    """Ends a run from inside a PE's own `write`."""


class Faults:
    """The first failure of a stage's instance.

    Args:
        blame: gives the error to raise for what came out of the stage, and for where.
        end: called before the failure is raised.
    """

    def __init__(self, blame: Callable[[BaseException, At | None], RunFailed], end: Callable[[], None]) -> None:
        self._blame, self._end = blame, end
        self._failure: RunFailed | None = None

    def fail(self, error: BaseException, at: At | None = None) -> BaseException:
        """Remember the first failure, since a PE may swallow what comes out of its `write`; gives what to raise."""
        if isinstance(error, ENGINES_OWN):
            return error
        if self._failure is None:
            self._failure = self._blame(error, at)
            self._failure.__cause__ = error
        return Stop()

    def guarded(self, put: Put) -> Put:
        """`put` for a PE's own `write`: what goes wrong further on isn't the PE's to catch."""

        def guarded(item: Any) -> None:
            try:
                put(item)
            except FAILURES as error:
                raise self.fail(error) from None

        return guarded

    def guard(self, call: Callable, *arguments: Any, at: At | None = None) -> None:
        """Call what runs PEs. Raises PeFailed for what they raised, also where one of them caught it. Returns in this
        process alone, and in none that a PE has forked."""
        mine = os.getpid()
        try:
            call(*arguments)
            if os.getpid() != mine:
                forks.check(mine)
        except Enough:
            forks.check(mine)  # a root has written as much as it may
        except FAILURES as error:
            forks.check(mine, error.__context__ if isinstance(error, Stop) else error)
            self.fail(error, at)
            if self._failure is None or isinstance(error, Interrupted):
                raise
        if self._failure is not None:
            self._end()
            raise self._failure


OF_USERS.add(Faults.guard.__code__)
