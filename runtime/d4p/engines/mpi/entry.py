"""How each rank comes in: rank 0 goes on with the program, the others do what it says until it is done."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, cast

from d4p.engines.mpi import deaths
from d4p.engines.mpi.control import Control, carried
from d4p.engines.mpi.endings import signals
from d4p.engines.mpi.message import Kind
from d4p.engines.mpi.run import Run
from d4p.engines.mpi.spokesman import has_the_word, has_the_word_apart, turn
from d4p.engines.mpi.spools import pieces
from d4p.engines.mpi.world import World
from d4p.errors import D4pError
from d4p.host import keeper, memory
from d4p.host.lines import own_streams
from d4p.program import leaving
from d4p.program.events import Events
from d4p.program.job import Job
from d4p.program.main import say_failed
from d4p.stage import stdin
from d4p.stage.depth import FRAMES
from d4p.workflow.results import Spool
from d4p.workflow.workflow import Workflow

#: Seconds that a rank whose instance failed gives rank 0 to hear of it.
_GRACE = 1.0


@contextlib.contextmanager
def entered(world: World, main: Callable, workflow: Workflow, events: Events) -> Iterator[list[str]]:
    """Rank 0 works within this; what it exits with, all exit with. Others exit when they come in here. `events` are
    rank 0's to use, as long as there is one. Gives what is left on this machine where all are killed."""
    for stream in (sys.stdout, sys.stderr):
        cast(Any, stream).reconfigure(line_buffering=True)  # what PEs print is seen when they print it
    memory.keep()
    keeper.wear(keeper.member(keeper.worn() or keeper.new(), world.rank + 1))
    stdin.refuse("mpiexec hands it to rank 0 alone")
    if world.size > 1:
        deaths.end_with_parent()
    control = Control(world)
    if world.rank:
        sys.exit(_follow(control, main, workflow, events))
    Run.control = control
    status = 1
    try:
        yield deaths.files()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        raise
    except BaseException:
        if control.running:
            traceback.print_exc()
        raise
    finally:
        control.dismiss(status)


def _follow(control: Control, main: Callable, workflow: Workflow, events: Events) -> int:
    """The life of a rank other than 0; gives its exit status."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), FRAMES))
    kind, said = control.hear(Kind.RUN, Kind.EXIT)
    if kind == Kind.EXIT:
        control.leave()
        return said
    inputs, writing, folder, shared, check = said
    mine = None if os.path.exists(shared) else tempfile.mkdtemp(prefix="d4p-results-")
    keeper.use(os.path.dirname(folder), control.world.rank + 2)
    try:
        workflow.writing = writing
        job = Job(workflow, inputs, Spool(mine or folder), events, check)
        return _work(control, main, job, shared, mine, events)
    except BaseException as error:
        if not isinstance(error, D4pError):
            traceback.print_exc()
        _fail(control, carried(error), events, shared, mine)
        return 1
    finally:
        if mine:
            shutil.rmtree(mine, ignore_errors=True)
        keeper.end_own()


def _work(control: Control, main: Callable, job: Job, shared: str, mine: str | None, events: Events) -> int:
    rank, refused = None, None
    try:
        run = Run(control, job)
        main(run)
        rank = run.rank()
    except D4pError as error:
        refused = carried(error)
    control.say(0, Kind.READY, (control.world.here, refused, mine is None))
    kind, said = control.hear(Kind.GO, Kind.EXIT)
    if kind == Kind.GO:
        assert rank is not None, "no rank goes that had to refuse"
        control.peers = said
        signals(control, rank.layout, job.workflow, shared, mine, events)
        with own_streams():
            rank.run()
        job.spool.close()
        control.say(0, Kind.DONE, rank.reports())
        found = pieces(mine) if mine else iter(())
        kind, said = control.hear(Kind.SPOOL, Kind.EXIT)
        while kind == Kind.SPOOL:
            control.say(0, Kind.SPOOL, next(found, None))
            kind, said = control.hear(Kind.SPOOL, Kind.EXIT)
    control.leave()
    leaving.wait(f"rank {control.world.rank}")
    return said


def _fail(control: Control, error: D4pError, events: Events, shared: str, mine: str | None) -> None:
    """Tell rank 0, which says it, tidies up and ends all; where it is busy, one of those that failed does that.

    Returns where nothing had begun, so that nobody need be aborted."""
    control.failure = None
    control.say(0, Kind.FAILED, error)
    until = time.monotonic() + _GRACE * (1 + turn(control.peers, control.world.here) if mine else 1)
    while True:
        control.transport.poll()
        if control.dismissed:
            control.leave()
            return
        if time.monotonic() > until and not control.heard:
            if has_the_word_apart(shared) if mine else has_the_word(shared):
                break
            until = float("inf")  # who has it ends this rank
        time.sleep(0.001)
    control.say(0, Kind.HEARD)
    say_failed(error, events)
    if mine:
        shutil.rmtree(mine, ignore_errors=True)
    control.world.abort(error.exit_status)
