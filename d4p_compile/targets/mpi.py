"""MPI: the instances of the stages on ranks, started by mpiexec on one machine or by a batch system on many."""

from __future__ import annotations

from ..emit.program import render
from ..ir.graph import EXCHANGES
from ..ir.plan import Plan
from .mpi_here import available, command, environment, shown

__all__ = ["available", "command", "environment", "program", "shown"]

WHAT = "MPI"
NEEDS = "mpi4py and an MPI library"
WIDE = True
CARRIES = frozenset(EXCHANGES)
#: mpiexec starts the program: it hands no open files on, and has an exit status of its own.
LAUNCHED = True
_MANNER = "Instances are laid on the ranks of the world in turn; what goes to another rank goes by messages."


def program(plan: Plan) -> str:
    """The text of the script."""
    return render("local.py.j2", plan, WHAT, engine="mpi", manner=_MANNER)
