"""What limited a run, in a sentence, with what would help. Each rule is a function; the first that finds something has
the verdict. Where nothing stands out none does.

The figures that a rule goes by stand beside it, with why they are these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .folder import Run
from .rules.files import small_files
from .rules.found import Verdict
from .rules.handing import packing, small_items
from .rules.limit import limiting
from .rules.machine import machine
from .rules.order import held_for_order
from .rules.room import memory
from .rules.skew import skewed
from .rules.sparks import small_tasks, spilled
from .rules.start import engine_start
from .shares import Shares

__all__ = ["RULES", "Verdict", "verdicts"]

Rule = Callable[[Run, Shares], Iterator[Verdict]]
#: In the order in which they are asked: what may end the run, what is done to no purpose, and then who takes longest.
RULES: tuple[Rule, ...] = (engine_start, memory, spilled, skewed, packing, small_items, small_files, held_for_order,
                           limiting, small_tasks, machine)


def verdicts(run: Run) -> list[Verdict]:
    """What the rules find, of each stage the first, and the first of all the verdict; none of a run that wasn't done,
    or was short."""
    shares = Shares(run)
    if run.state != "done" or not shares.stages:
        return []
    found: list[Verdict] = []
    for verdict in (verdict for rule in RULES for verdict in rule(run, shares)):
        if verdict.stage is None or verdict.stage not in {each.stage for each in found}:
            found.append(verdict)
    return found
