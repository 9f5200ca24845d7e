"""What the `main` of an MPI program works with, and its run on rank 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from d4p.engines.declared import Stages
from d4p.engines.mpi import deaths, spools
from d4p.engines.mpi.control import Control
from d4p.engines.mpi.layout import Layout
from d4p.engines.mpi.message import Kind
from d4p.engines.mpi.rank import Rank
from d4p.engines.mpi.spokesman import has_the_word
from d4p.errors import SaidElsewhere
from d4p.pairs.grid import tiles
from d4p.program.events import Sampler
from d4p.program.job import Job
from d4p.program.saying import say
from d4p.stage.channel import Channel
from d4p.stage.function import StageFunction


class Run:
    """What the `main` of an MPI program works with; every rank calls it and gets the same."""

    control: Control  # this process's, once it has come in

    def __init__(self, control: Control, job: Job) -> None:
        self.job, self.width = job, control.world.size
        self.tiles = tiles(self.width)
        job.recorder.width(self.width)
        self._control, self._stages = control, Stages()

    def stage(self, function: StageFunction, instances: int, takes: Sequence[Channel] = (),
              sends: Sequence[Channel] = (), state: Sequence[str] = ()) -> None:
        """Declare a stage: how many instances it has, the channels it takes its items from, those it sends on, and its
        PEs that keep state."""
        self._stages.declare(function, instances, takes, sends, state)

    def rank(self) -> Rank:
        """This rank's instances. Raises what is wrong with the workflow here."""
        return Rank(self._control, Layout(self._stages, self.width), self.job)


def execute(job: Job, main: Callable[[Run], None]) -> list[dict[str, Any]]:
    """Run a program's `main` on all ranks; gives a report for each instance. Called on rank 0."""
    control, folder = Run.control, str(job.spool.folder)
    job.plan_splits()
    shared = spools.sign(folder)
    job.phase(f"starting {control.world.size} ranks")
    try:
        control.say_all(Kind.RUN, (job.inputs, job.workflow.writing, folder, shared, job.checker is not None))
        run = Run(control, job)
        main(run)
        rank = run.rank()
        control.all_ready()
        job.phase("")
        _run(control, rank, job)
    except BaseException as error:
        if control.heard or not has_the_word(shared):
            raise SaidElsewhere("another rank says it") from error
        if control.running and not control.ending:
            control.say_all(Kind.HEARD)
        raise
    has_the_word(shared)  # from here on rank 0 may be gone without having been killed
    spools.fetch(control, folder)
    return _so_far(control, rank)


def _run(control: Control, rank: Rank, job: Job) -> None:
    """From the first item to the last. Raises WorkerLost where a rank died, which mpiexec answers with a signal."""
    if note := rank.layout.note():
        say(f"note: {note}")
    job.ranks({"process": peer.process, "said": f"{peer} died: it held {rank.layout.held(peer.rank)}"}
              for peer in control.peers.values())
    try:
        with Sampler(lambda: _look(job, control, rank)):
            rank.run()
            control.all_done()
    except KeyboardInterrupt:
        control.ending = True
        control.transport.poll()
        if (peer := deaths.gone(control.peers)) is not None:
            raise deaths.lost(peer, rank.layout, job.workflow, str(job.spool.folder)) from None
        raise


def _look(job: Job, control: Any, rank: Any) -> None:
    """Say how far the run is, and have it fail where too many items have failed."""
    reports = list(_so_far(control, rank))
    job.progress(reports)
    if control.failure is None and control.running:
        control.failure = job.too_many(reports)


def _so_far(control: Control, rank: Rank) -> list[dict[str, Any]]:
    """The reports of all instances, in the order of stages."""
    found = [*rank.reports(), *(report for reports in list(control.reports.values()) for report in reports)]
    return sorted(found, key=lambda report: (report["stage"], report["instance"]))
