"""Mark the edges that lead back, so that the graph without them has no cycle.

Such an edge is a channel, whatever its ends are, and never makes its producer wait. Later passes that ask for an order
see the graph without it.

>>> from d4p_compile.ir.sketch import sketch
>>> graph = sketch("start merge", "merge test", "test merge")
>>> [str(edge) for edge in break_cycles(graph, Options()).edges if edge.back]
['test.out -> merge.in']

A target that can't run cycles refuses them here.
"""

from __future__ import annotations

from dataclasses import replace

from d4p.errors import Refused
from d4p.graph.cycles import back_edges

from ..ir.graph import Graph
from .options import Options
from .verify import cycle_of


def break_cycles(graph: Graph, options: Options) -> Graph:
    """Set `Edge.back`. Raises Refused where the target runs no cycles, naming the first one and who runs it."""
    number = {pe.name: i for i, pe in enumerate(graph.pes)}
    back = back_edges(len(graph.pes), [(number[edge.source], number[edge.dest]) for edge in graph.edges])
    if not any(back):
        return graph
    marked = replace(graph, edges=tuple(replace(e, back=b) for e, b in zip(graph.edges, back, strict=True)))
    if not options.can.cycles:
        _refuse(marked, options)
    return replace(marked, warnings=(*graph.warnings, *_unfed(marked)))


def _refuse(graph: Graph, options: Options) -> None:
    edge = next(edge for edge in graph.edges if edge.back)
    at = f" ({edge.where})" if edge.where else ""
    elsewhere = ", ".join(options.cyclic) or "none"
    raise Refused(
        f"the graph has a cycle: {cycle_of(graph, edge)}, closed by {edge}{at}. The target {options.target} runs "
        f"graphs without cycles only. The targets that run cycles: {elsewhere}. Take one of these, or take an edge out"
    )


def _unfed(graph: Graph) -> list[str]:
    """A warning for each cycle that no item can come to from outside."""
    import networkx as nx

    nxg = nx.DiGraph((edge.source, edge.dest) for edge in graph.edges)
    added = {pe.name: i for i, pe in enumerate(graph.pes)}
    components = list(nx.strongly_connected_components(nxg))
    home = {name: i for i, members in enumerate(components) for name in members}
    fed = {home[dest] for source, dest in nxg.edges if home[source] != home[dest]}
    notes = []
    for number, members in sorted(enumerate(components), key=lambda each: min(added[name] for name in each[1])):
        if number not in fed and not any(map(graph.is_root, members)):
            names = ", ".join(sorted(members, key=added.__getitem__))
            notes.append(
                f"nothing feeds the cycle of {names}: no item comes to it but what its PEs write in preprocess() or "
                "postprocess(). A PE without a connected input (a root) gets the items of the command line"
            )
    return notes
