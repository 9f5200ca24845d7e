"""The targets by name: one module each, imported when it is used."""

from __future__ import annotations

import difflib
import importlib
from dataclasses import dataclass
from types import ModuleType

from d4p.errors import Refused

TARGETS = {"sequential": ".sequential", "processes": ".processes", "mpi": ".mpi",
           "spark-rdd": ".spark_rdd", "spark-df": ".spark_df"}
#: `spark` is one of two kinds of program, which `choose` decides by the plan; what they need is the same.
ALIASES = {"simple": "sequential", "multi": "processes", "spark": "spark-rdd"}


@dataclass(frozen=True)
class Availability:
    """Whether a target runs on this machine, what it found or lacks, and the command that puts it right."""

    runs: bool
    found: str
    remedy: str = ""


def target(name: str) -> ModuleType:
    """The module of a target. Raises Refused for a name that isn't one, listing those that are.

    A target has: WHAT (for a title), NEEDS (what it needs to run), WIDE, CARRIES (the exchanges it can carry),
    `program(plan)` (the text of the script), `command(script, ...)` and `available()`; it may have CYCLES (True: it
    runs them), NATIVES (the aggregates that its engine computes, as (kind, type of the field)), LAUNCHED (something
    else starts its programs, which hands no open files on and has an exit status of its own) and `shown(script)`
    (`command` as one types it).
    """
    name = canonical(name)
    return importlib.import_module(TARGETS[name], __package__)


def running_cycles() -> tuple[str, ...]:
    """The targets that run graphs with cycles."""
    return tuple(name for name in TARGETS if getattr(target(name), "CYCLES", False))


def canonical(name: str) -> str:
    """The name of a target, whose other names are taken too."""
    found = ALIASES.get(name, name)
    if found not in TARGETS:
        close = difflib.get_close_matches(name, [*TARGETS, *ALIASES], n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise Refused(f"there is no target {name!r}: the targets are {', '.join(TARGETS)}, and spark for the "
                      f"faster of the last two{hint}")
    return found
