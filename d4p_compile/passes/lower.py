"""Lower the graph to a plan: every PE a stage of its own, every edge a channel.

Before: `read -> split -> count`; after: stages `read`, `split`, `count` and two channels.
"""

from __future__ import annotations

from ..ir.graph import Graph
from ..ir.plan import Channel, Plan, Stage
from .options import Options


def lower(graph: Graph, options: Options) -> Plan:
    """One stage per PE, one channel per edge."""
    stages = tuple(Stage((pe.name,), pe.instances) for pe in graph.pes)
    return Plan(graph, options.target, stages, tuple(Channel(e) for e in graph.edges), asked=options.instances)
