"""A plan in a few words, as a run begins with: a line a stage, why one instance is all that a stage has, and what the
user should know."""

from __future__ import annotations

from collections.abc import Iterator

from ..ir.graph import TILES, WIDTH, Pe
from ..ir.plan import Plan, Stage
from .text import COLUMNS, TILES_ARE, limit, on_error, plural, shortened, size, wrapped

#: Of more stages the first are shown.
MOST_STAGES = 20
#: Reasons for one instance, as what is said of a PE.
_REASONS = {"root": "is a root", "single": "is single", "asked for": "asks for one",
            'all inputs are "global"': 'has "global" inputs alone'}

def brief(plan: Plan, here: int | None = None) -> str:
    """The plan without its edges and reasons: `text` has those. `here` is the width of a run on this machine."""
    out = [f"{plan.graph.name} for {plan.target}: {size(plan)}"]
    shown = plan.stages[:MOST_STAGES]
    number, count = (max(len(word(stage)) for stage in shown) for word in (lambda s: str(s.number), lambda s: s.times))
    alone = plan.can.wide and plan.width != 1  # where one thing at a time is done nobody asks
    for stage in shown:
        head = f"  stage {stage.number:>{number}} {stage.times:<{count}}  "
        why = f"  (x1: {_why(plan, stage)})" if alone and stage.instances == 1 else ""
        out += wrapped(head, shortened(stage.pes, COLUMNS - len(head)) + why)
    if len(plan.stages) > len(shown):
        out.append(f"  and {plural(len(plan.stages) - len(shown), 'more stage')}")
    out += _letters(plan, here)
    out += [part for line in limit(plan) for part in wrapped("  ", line)]
    out += [line for names, policy in on_error(plan) for line in wrapped("  ", f"on error of {names}: {policy}")]
    out += [line for warning in plan.graph.warnings for line in wrapped("note: ", warning)]
    return "\n".join(out)


def _why(plan: Plan, stage: Stage) -> str:
    """Why a stage has one instance: what is said of its PEs, for each reason once."""
    pes = [plan.graph.by_name[name] for name in stage.pes]
    reasons = {pe.because: _said(pe, len(pes) > 1) for pe in reversed(pes)}
    return ", ".join(reversed(reasons.values()))


def _said(pe: Pe, named: bool) -> str:
    return f"{pe.name if named else 'it'} {_REASONS.get(pe.because, pe.because)}"


def _letters(plan: Plan, here: int | None) -> Iterator[str]:
    counts = {stage.instances for stage in plan.stages}
    if WIDTH in counts:
        yield from wrapped("  ", f"W: {plan.can.width}{f' ({here} on this machine)' if here else ''}")
    if TILES in counts:
        yield from wrapped("  ", f"T: {TILES_ARE.partition(', which')[0]}")
