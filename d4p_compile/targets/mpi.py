"""MPI: the instances of the stages on ranks, started by mpiexec on one machine or by a batch system on many."""

from __future__ import annotations

import re
from pathlib import Path

from ..conf import batch_scripts
from ..emit.program import render
from ..ir.capabilities import Capabilities
from ..ir.graph import TILES, WIDTH, Instances
from ..ir.plan import Plan
from .mpi_here import available, command, environment, shown
from .target import Target

WHAT = "MPI"
#: In the scripts for batch systems: what stands for a count that only the world decides.
_WIDTH = 8
_MANNER = "Instances are laid on the ranks of the world in turn; what goes to another rank goes by messages."


def program(plan: Plan) -> str:
    """The text of the script."""
    return render("local.py.j2", plan, WHAT, engine="mpi", manner=_MANNER)


def extras(plan: Plan, folder: Path) -> dict[str, str]:
    """What else goes into the bundle: scripts for batch systems, for as many ranks as there are instances."""
    counts = [stage.instances for stage in plan.stages]
    known: dict[Instances, int] = {WIDTH: _WIDTH, TILES: _WIDTH}  # tiles share the ranks of other instances
    total = sum(int(known.get(count, count)) for count in counts)
    many = "Instances, of some stages as many as there are ranks,"
    said = many if set(known) & set(counts) else f"The {total} instances"
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", plan.graph.name)
    return batch_scripts({"name": name, "ranks": str(total), "instances": said})


TARGET = Target(
    name="mpi",
    what=WHAT,
    needs="mpi4py and an MPI library",
    can=Capabilities(wide=True, notes_items=True),
    program=program,
    command=command,
    shown=shown,
    available=available,
    environment=environment,
    extras=extras,
    launched=True,
)
