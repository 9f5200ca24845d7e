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

from ..ir.exchange import Exchange, Kind
from ..ir.graph import PAIRS, Graph, Grouping, Instances
from .options import Options


def route(graph: Graph, options: Options) -> Graph:
    """Set `Edge.exchange` on every edge of a placed graph."""
    edges = []
    for edge in graph.edges:
        source, dest = graph.by_name[edge.source], graph.by_name[edge.dest]
        grouping = dest.port(edge.input).grouping
        dealt = dest.request.fuse is False and not dest.state.keeps
        edges.append(replace(edge, exchange=exchange(grouping, source.instances, dest.instances, dealt)))
    return replace(graph, edges=tuple(edges))


def exchange(grouping: Grouping, producers: Instances, consumers: Instances, dealt: bool = False) -> Exchange:
    """The exchange from `producers` to `consumers` instances under a grouping. `dealt`: also among as many consumers as
    producers any may get an item, where there is no grouping."""
    forward = producers == consumers and not (dealt and consumers != 1)
    plain = Exchange(Kind.FORWARD if forward else Kind.GATHER if consumers == 1 else Kind.ROUND_ROBIN)
    if grouping.kind == "by":
        return replace(plain, require=grouping.fields) if consumers == 1 else Exchange(Kind.HASH, grouping.fields)
    if grouping.kind in PAIRS:
        return Exchange(Kind(grouping.kind), grouping.fields)
    if grouping.kind == "all":
        return plain if consumers == 1 else Exchange(Kind.BROADCAST)
    if grouping.kind == "global":
        return plain if consumers == 1 else Exchange(Kind.GATHER)
    return plain
