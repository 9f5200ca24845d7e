"""One process, one item at a time: the living definition of what a workflow means."""

from __future__ import annotations

import sys
from pathlib import Path

from ..emit.program import render
from ..ir.capabilities import Capabilities
from ..ir.plan import Plan
from .target import Availability, Target

WHAT = "one process"
_MANNER = "Every item is driven to the sinks before the next."


def program(plan: Plan) -> str:
    """The text of the script."""
    return render("local.py.j2", plan, WHAT, engine="sequential", manner=_MANNER)


def command(script: Path) -> list[str]:
    """The command that runs the script."""
    return [sys.executable, str(script)]


def available() -> Availability:
    return Availability(True, f"Python {sys.version.split()[0]}")


TARGET = Target(
    name="sequential",
    what=WHAT,
    needs="Python alone",
    can=Capabilities(),
    program=program,
    command=command,
    available=available,
    checks=True,
    here=True,
)
