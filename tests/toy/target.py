"""Stage after stage, in one process: each is done with all its items before the next begins."""

from __future__ import annotations

import sys
from pathlib import Path

from d4p_compile.emit.program import render
from d4p_compile.ir.capabilities import Capabilities
from d4p_compile.ir.plan import Plan
from d4p_compile.targets.target import Availability, Target

HERE = Path(__file__).parent
WHAT = "one stage after the other"


def program(plan: Plan) -> str:
    return render(HERE / "program.py.j2", plan, WHAT, engine="toy_engine")


TARGET = Target(
    name="toy",
    what=WHAT,
    needs="Python alone",
    can=Capabilities(wide=True, in_order=False, cycles=False, width="3"),
    program=program,
    command=lambda script: [sys.executable, str(script)],
    available=lambda: Availability(True, "here"),
    extras=lambda plan, folder: {"toy_engine.py": (HERE / "toy_engine.py").read_text()},
)
