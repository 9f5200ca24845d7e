"""What an engine is: one object that runs a program, and says what the program needs to know of it before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from d4p.frozen import dataclass
from d4p.program.events import Events
from d4p.program.job import Job
from d4p.workflow.workflow import Workflow


def _as_it_is(main: Callable, workflow: Workflow, events: Events) -> AbstractContextManager[Iterable[str]]:
    return nullcontext(())


def _always() -> bool:
    return True


def _here() -> tuple[None, None]:
    return None, None


@dataclass(frozen=True)
class Engine:
    """An engine, as its package has it under the name ENGINE and programs hand it to `d4p.start`.

    Attributes:
        name: what it is called: the target's name.
        execute: of a job and a program's `main`: runs that; gives a report for each instance.
        entered: of a program's `main`, its workflow and events: what `d4p.start` works within. Where a launcher starts
            the program many times over, one of them goes on and the others do there what it says. It gives
            the files and folders that the launcher leaves on this machine where all are killed.
        a_core_each: its instances have a core each, so libraries are told to start no threads of their own.
        watched: its processes end with the run, so what PEs read by themselves can be watched.
        default_fs: gives the file system in which a path that is no URL is looked for, and the folder of relative
            paths there; two None where that is this machine.
        tells_missing: whether the program's exit status may say that items were left out; a launcher would take any
            but 0 for a failure, and run it again.
        never_recovers: why `--recover` is refused; "" where lost work is done again.
        recovers_itself: it does that without being asked.
    """

    name: str
    execute: Callable[[Job, Callable], list[dict[str, Any]]]
    entered: Callable[[Callable, Workflow, Events], AbstractContextManager[Iterable[str]]] = _as_it_is
    a_core_each: bool = False
    watched: bool = False
    default_fs: Callable[[], tuple[str | None, str | None]] = _here
    tells_missing: Callable[[], bool] = _always
    never_recovers: str = ""
    recovers_itself: bool = False
