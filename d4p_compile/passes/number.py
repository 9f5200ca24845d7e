"""Number stages and channels from 1, in topological order.

>>> from d4p_compile.ir.sketch import BY, sketch
>>> from d4p_compile.passes import run_passes
>>> plan = run_passes(sketch("read split", "split count", count=(BY, 4)), Options())
>>> [(stage.number, str(stage)) for stage in plan.stages], [(c.number, str(c)) for c in plan.channels]
([(1, 'read > split'), (2, 'count')], [(1, 'split.out -> count.in')])
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.plan import Plan
from ..ir.walk import topological
from .options import Options
from .verify import stages_before


def number(plan: Plan, options: Options) -> Plan:
    """Numbers are the same in the plan, the function names, the log, the engine's UI and error messages."""
    position = {pe.name: i for i, pe in enumerate(plan.graph.pes)}
    order = topological(stages_before(plan), key=lambda pes: min(position[p] for p in pes))
    rank = {pes: i for i, pes in enumerate(order, 1)}
    by_pes = {stage.pes: stage for stage in plan.stages}
    added = {edge.key: i for i, edge in enumerate(plan.graph.edges)}
    channels = sorted(plan.channels, key=lambda c: (rank[plan.stage_of[c.edge.source].pes], added[c.edge.key]))
    return replace(plan, stages=tuple(replace(by_pes[pes], number=rank[pes]) for pes in order),
                   channels=tuple(replace(channel, number=i) for i, channel in enumerate(channels, 1)))
