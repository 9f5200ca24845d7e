"""The MPI engine: the instances of the stages laid on the ranks of a world that mpiexec starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from d4p.program.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from d4p.program.events import Events
    from d4p.program.job import Job
    from d4p.workflow.workflow import Workflow

__all__ = ["ENGINE"]


def _execute(job: Job, main: Callable) -> list[dict[str, Any]]:
    """Run a program's `main` on all ranks; called on rank 0."""
    from d4p.engines.mpi.run import execute as run

    return run(job, main)


def _entered(main: Callable, workflow: Workflow, events: Events) -> AbstractContextManager[list[str]]:
    """What `d4p.start` works within: rank 0 goes on and tells the others what came of it; they follow it and exit.

    Raises Refused where there is no mpi4py, or no MPI for it.
    """
    from d4p.engines.mpi.world import start

    world = start()
    from d4p.engines.mpi.entry import entered as enter

    return enter(world, main, workflow, events)


def _tells_missing() -> bool:
    """mpiexec says of any status but 0 that the job was aborted."""
    return False


ENGINE = Engine("mpi", _execute, _entered, a_core_each=True, watched=True, tells_missing=_tells_missing,
                never_recovers="mpiexec ends all ranks with the one that dies, so none can be started again; a PE with "
                "`isolate = True` has a process of its own, whose end costs an item and not its rank (d4p help "
                "failures)")
