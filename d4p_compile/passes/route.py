"""Give every edge its exchange: the cheapest that meets what the input port requires.

Where a grouping is met already, as by one instance of the consumer, the edge is a plain forward or gather.

>>> from d4p_compile.ir.sketch import BY, sketch
>>> from d4p_compile.passes.place import place
>>> for count in (8, 1):
...     graph = place(sketch("split count", count=(BY, count)), Options())
...     print(route(graph, Options()).edges[0].exchange)
hash [0]
forward
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
