"""Many processes on one machine: multiprocessing, joined by bounded, batched channels."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..emit.program import render
from ..ir.capabilities import Capabilities
from ..ir.plan import Plan
from .target import Availability, Target

WHAT = "processes"
_MANNER = "Each instance runs in a process of its own; bounded pipes join them."


def program(plan: Plan) -> str:
    """The text of the script."""
    return render("local.py.j2", plan, WHAT, engine="processes", manner=_MANNER)


def command(script: Path) -> list[str]:
    """The command that runs the script."""
    return [sys.executable, str(script)]


def available() -> Availability:
    if os.name != "posix":
        return Availability(False, f"{sys.platform} has no POSIX pipes", "run it on Linux, on macOS, or in WSL")
    return Availability(True, f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")


TARGET = Target(
    name="processes",
    what=WHAT,
    needs="Python alone, on Linux or macOS",
    can=Capabilities(wide=True, notes_items=True),
    program=program,
    command=command,
    available=available,
    here=True,
)
