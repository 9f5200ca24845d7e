"""Share out `-n`: what is left after one instance each goes to chains that could be fused."""

from __future__ import annotations

import heapq

from ..ir.graph import Graph


def share(graph: Graph, fixed: dict[str, tuple[int, str]], free: list[str], total: int) -> dict[str, tuple[int, str]]:
    """Counts for the `free` PEs, `{name: (count, reason)}`, given the `fixed` ones and `-n total`.

    A chain grows as a whole, or fusion would be lost to unequal counts; the chain with the fewest
    instances grows first. Where `total` is too small for one instance each, every count is 1 and the
    pass `fit` sees whether the fused stages fit.
    """
    chains = _chains(graph, free)
    left = total - sum(count for count, _ in fixed.values()) - len(free)
    rounds = max(left, 0) // len(free) if free else 0  # in which all grow
    left -= rounds * len(free)
    counts = [1 + rounds] * len(chains)
    waiting = [(1 + rounds, i) for i in range(len(chains))]
    while waiting:
        count, i = heapq.heappop(waiting)
        if len(chains[i]) <= left:
            left -= len(chains[i])
            counts[i] = count + 1
            heapq.heappush(waiting, (count + 1, i))
    return {name: (counts[i], f"share of -n {total}") for i, chain in enumerate(chains) for name in chain}


def _chains(graph: Graph, free: list[str]) -> list[list[str]]:
    import networkx as nx

    together = nx.Graph()
    together.add_nodes_from(free)
    members = set(free)
    for edge in graph.edges:
        same = graph.partition_of.get(edge.source) == graph.partition_of.get(edge.dest)
        ungrouped = graph.by_name[edge.dest].port(edge.input).grouping.kind == "none"
        if same and ungrouped and not edge.back and edge.source in members and edge.dest in members:
            together.add_edge(edge.source, edge.dest)
    position = {name: i for i, name in enumerate(free)}
    chains = [sorted(chain, key=position.__getitem__) for chain in nx.connected_components(together)]
    return sorted(chains, key=lambda chain: position[chain[0]])
