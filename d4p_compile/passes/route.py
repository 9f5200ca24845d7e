"""Give every edge its exchange: the cheapest that meets what the input port requires.

Before: `split.words -> count.word`, count groups by [0] and runs as 8 instances; after: `hash [0]`.
With one instance of count the requirement is met already, and the edge is a plain forward or gather.
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.graph import PAIRS, Exchange, Graph, Grouping, Instances
from .options import Options


def route(graph: Graph, options: Options) -> Graph:
    """Set `Edge.exchange` on every edge of a placed graph."""
    edges = []
    for edge in graph.edges:
        source, dest = graph.by_name[edge.source], graph.by_name[edge.dest]
        grouping = dest.port(edge.input).grouping
        edges.append(replace(edge, exchange=exchange(grouping, source.instances, dest.instances)))
    return replace(graph, edges=tuple(edges))


def exchange(grouping: Grouping, producers: Instances, consumers: Instances) -> Exchange:
    """The exchange from `producers` to `consumers` instances under a grouping."""
    plain = Exchange("forward" if producers == consumers else "gather" if consumers == 1 else "round robin")
    if grouping.kind == "by":
        return replace(plain, require=grouping.fields) if consumers == 1 else Exchange("hash", grouping.fields)
    if grouping.kind in PAIRS:
        return Exchange(grouping.kind, grouping.fields)
    if grouping.kind == "all":
        return plain if consumers == 1 else Exchange("broadcast")
    if grouping.kind == "global":
        return plain if consumers == 1 else Exchange("gather")
    return plain
