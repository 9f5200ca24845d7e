"""Mark the stages that take what comes to them in order.

The order is by edge, producer instance and sequence; an engine would hand it over in any.

>>> from d4p_compile.ir.sketch import BY, sketch
>>> from d4p_compile.passes import run_passes
>>> plan = run_passes(sketch("read last", "read any", last=("state", BY, 2), any=(BY, 2)), Options())
>>> [(str(stage), stage.ordered) for stage in plan.stages]
[('read', True), ('last', True), ('any', False)]
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.exchange import Kind
from ..ir.plan import Plan, Stage
from ..ir.walk import upstream
from .options import Options
from .verify import stages_before


def order(plan: Plan, options: Options) -> Plan:
    """Set `Stage.ordered` where a PE keeps state or a channel is dealt in turn, and in all that feeds such a stage: it
    must number its items the same when a task is run again. Not where items are put in order by what they bring."""
    ordered = {stage.pes for stage in plan.stages if _tells_order(plan, stage)}
    ordered |= upstream(stages_before(plan), ordered)
    return replace(plan, stages=tuple(replace(stage, ordered=stage.pes in ordered and not _sorts(plan, stage))
                                      for stage in plan.stages))


def _sorts(plan: Plan, stage: Stage) -> bool:
    """Whether all that comes goes to PEs that put it in order themselves, by numbers that it brings."""
    into = plan.channels_into(stage)
    return bool(into) and all(channel.edge.exchange.is_pairs for channel in into)


def _tells_order(plan: Plan, stage: Stage) -> bool:
    keeps = any(plan.graph.by_name[name].state.keeps for name in stage.pes)
    counts = any(c.edge.exchange.kind is Kind.ROUND_ROBIN for c in plan.channels_from(stage))
    return keeps or counts
