"""What a rank other than 0 does when mpiexec ends it."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

from d4p.engines.mpi import deaths
from d4p.engines.mpi.control import Control
from d4p.engines.mpi.layout import Layout
from d4p.engines.mpi.spokesman import has_the_word
from d4p.engines.mpi.world import leave
from d4p.host.signals import ENDS, handle, ignore
from d4p.program.events import Events
from d4p.program.main import say_failed
from d4p.workflow.workflow import Workflow

#: Seconds in which rank 0 looks who is still there.
_GRACE = 2.0


def signals(control: Control, layout: Layout, workflow: Workflow, shared: str, mine: str | None,
            events: Events) -> None:
    """Leave signals to rank 0: it says what happened. Where it is rank 0 that has died, the next rank of its machine
    says so.

    Args:
        shared: a file that is there as long as rank 0 is at work.
        mine: this rank's own folder, where it doesn't see rank 0's.
    """
    first = control.peers[0]
    others = [peer.rank for peer in control.peers.values() if peer.rank and peer.machine == first.machine]

    def end(number: int, frame: Any) -> None:
        for other in ENDS:
            ignore(other)
        if control.world.rank == min(others, default=0) and os.path.exists(shared) and deaths.gone({0: first}) \
                and has_the_word(shared):
            folder = os.path.dirname(shared)
            say_failed(deaths.lost(first, layout, workflow, folder), events)
            if "D4P_SPOOL" not in os.environ:
                shutil.rmtree(folder, ignore_errors=True)
            leave(1)
        if mine:
            shutil.rmtree(mine, ignore_errors=True)
        time.sleep(_GRACE)
        leave(128 + number)

    for number in ENDS:
        handle(number, end)
