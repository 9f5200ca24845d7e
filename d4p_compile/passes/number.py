"""Number stages and channels from 1, in topological order, and mark the stages that take items in order, and those
that take the same in every run.

Before: stages in the order they were fused; after: `stage 1: read > split`, `stage 2: count`, channel 1.
"""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from ..ir.graph import PAIRS
from ..ir.plan import Plan, Stage
from .options import Options
from .repeat import repeatable
from .verify import between


def number(plan: Plan, options: Options) -> Plan:
    """Numbers are the same in the plan, the function names, the log, the engine's UI and error messages."""
    position = {pe.name: i for i, pe in enumerate(plan.graph.pes)}
    forward = between(plan)
    order = list(nx.lexicographical_topological_sort(forward, key=lambda pes: min(position[p] for p in pes)))
    rank = {pes: i for i, pes in enumerate(order, 1)}
    by_pes = {stage.pes: stage for stage in plan.stages}
    ordered = {pes for pes in order if _tells_order(plan, by_pes[pes])}
    # What feeds such a stage must number its items the same when a task is run again: it takes its own in order too.
    ordered |= {before for pes in ordered for before in nx.ancestors(forward, pes)}
    ordered -= {pes for pes in ordered if _sorts(plan, by_pes[pes])}
    stages = tuple(replace(by_pes[pes], number=rank[pes], ordered=pes in ordered,
                           repeatable=repeatable(plan, by_pes[pes])) for pes in order)
    added = {edge.key: i for i, edge in enumerate(plan.graph.edges)}
    channels = sorted(plan.channels, key=lambda c: (rank[plan.stage_of[c.edge.source].pes], added[c.edge.key]))
    numbered = tuple(replace(channel, number=i) for i, channel in enumerate(channels, 1))
    return replace(plan, stages=stages, channels=numbered)


def _sorts(plan: Plan, stage: Stage) -> bool:
    """Whether all that comes goes to PEs that put it in order themselves, by numbers that it brings."""
    into = plan.channels_into(stage)
    return bool(into) and all(channel.edge.exchange.kind in PAIRS for channel in into)


def _tells_order(plan: Plan, stage: Stage) -> bool:
    keeps = any(plan.graph.by_name[name].keeps for name in stage.pes)
    counts = any(c.edge.exchange.kind == "round robin" for c in plan.channels_from(stage))
    return keeps or counts
