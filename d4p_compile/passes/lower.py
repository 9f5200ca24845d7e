"""Lower the graph to a plan: every PE a stage of its own, every edge a channel.

>>> from d4p_compile.ir.sketch import sketch
>>> from d4p_compile.passes.place import place
>>> plan = lower(place(sketch("read split", "split count"), Options()), Options())
>>> [str(stage) for stage in plan.stages], [str(channel) for channel in plan.channels]
(['read', 'split', 'count'], ['read.out -> split.in', 'split.out -> count.in'])
"""

from __future__ import annotations

from ..ir.graph import Graph
from ..ir.plan import Channel, Plan, Stage
from .options import Options


def lower(graph: Graph, options: Options) -> Plan:
    """One stage per PE, one channel per edge."""
    stages = tuple(Stage((pe.name,), pe.instances) for pe in graph.pes)
    return Plan(graph, options.target, stages, tuple(Channel(e) for e in graph.edges), can=options.can,
                width=options.width)
