"""MPI: the instances of the stages on ranks, started by mpiexec on one machine or by a batch system on many."""

from __future__ import annotations

import re
from pathlib import Path

from ..conf import batch_scripts
from ..emit.program import render
from ..ir.capabilities import Capabilities
from ..ir.graph import TILES, WIDTH
from ..ir.plan import Plan
from .mpi_here import available, command, environment, shown, width
from .target import Target

WHAT = "MPI"
#: Ranks in the scripts for batch systems where nobody has said how many.
_WIDTH = 8
_MANNER = "Instances are laid on the ranks of the world in turn; what goes to another rank goes by messages."


def program(plan: Plan) -> str:
    """The text of the script."""
    return render("local.py.j2", plan, WHAT, engine="mpi", manner=_MANNER)


def extras(plan: Plan, folder: Path) -> dict[str, str]:
    """What else goes into the bundle: scripts for batch systems, for as many ranks as the run is wide."""
    counts = [stage.instances for stage in plan.stages]
    total = sum(count for count in counts if isinstance(count, int))
    known = not {WIDTH, TILES} & set(counts)
    ranks = plan.width or (total if known else _WIDTH)
    said = f"The {total} instances" if known else "Instances, of some stages as many as there are ranks,"
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", plan.graph.name)
    return batch_scripts({"name": name, "ranks": str(ranks), "instances": said})


TARGET = Target(
    name="mpi",
    what=WHAT,
    needs="mpi4py and an MPI library",
    can=Capabilities(wide=True, notes_items=True, width="the number of ranks"),
    program=program,
    command=command,
    shown=shown,
    available=available,
    environment=environment,
    extras=extras,
    launched=True,
    width=width,
)
