"""The targets by name: one module each, imported when it is used."""

from __future__ import annotations

import difflib
import importlib

from d4p.errors import Refused

from .target import Availability, Target

__all__ = ["ALIASES", "TARGETS", "Availability", "Target", "canonical", "running_cycles", "target"]

TARGETS = {"sequential": ".sequential", "processes": ".processes", "mpi": ".mpi",
           "spark-rdd": ".spark_rdd", "spark-df": ".spark_df"}
#: `spark` is one of two kinds of program, which `choose` decides by the plan; what they need is the same.
ALIASES = {"simple": "sequential", "multi": "processes", "spark": "spark-rdd"}


def target(name: str) -> Target:
    """A target by one of its names. Raises Refused for a name that isn't one, listing those that are."""
    return importlib.import_module(TARGETS[canonical(name)], __package__).TARGET


def running_cycles() -> tuple[str, ...]:
    """The targets that run graphs with cycles."""
    return tuple(name for name in TARGETS if target(name).can.cycles)


def canonical(name: str) -> str:
    """The name of a target, whose other names are taken too."""
    found = ALIASES.get(name, name)
    if found not in TARGETS:
        close = difflib.get_close_matches(name, [*TARGETS, *ALIASES], n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise Refused(f"there is no target {name!r}: the targets are {', '.join(TARGETS)}, and spark for the "
                      f"faster of the last two{hint}")
    return found
