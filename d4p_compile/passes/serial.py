"""Which PEs are one instance for the sake of those behind them: what several write these could not tell in order.

>>> from d4p_compile.ir.sketch import sketch
>>> serial(sketch("read work", "work count", count=("state", 3)), {"count"}, in_order=True)
{'work': ('deals its items to count in turn, which keeps state', 'a group-by on count')}
"""

from __future__ import annotations

from collections.abc import Iterable

from ..ir.graph import Graph, Pe

#: For each PE why it is one instance, and what would make it more.
Reasons = dict[str, tuple[str, str]]


def serial(graph: Graph, several: set[str], in_order: bool) -> Reasons:
    """PEs that must not be widened, though they keep no state.

    A PE that keeps state gets its items in the order of the sequential run, however many instances they came through
    (pass `places`). But nothing before it is widened where no order is kept: `in_order` is whether the target keeps
    one, and in a graph with a cycle none does. And what deals its items by a counter, to a PE that keeps state and was
    given several instances, has one counter.

    Args:
        several: the PEs that are given several instances.
    """
    found: Reasons = {}
    routed = [pe for pe in graph.pes if pe.name in several and counts_apart(graph, pe)]
    for name, dest in _dealers(graph, routed, several).items():
        found[name] = f"deals its items to {dest} in turn, which keeps state", f"a group-by on {dest}"
    cyclic = any(edge.back for edge in graph.edges)
    if cyclic or not in_order:
        where = "in a graph with a cycle" if cyclic else "by this target"
        tell = [pe for pe in graph.pes if pe.state.tells_order or pe in routed]
        for name, dest in _before(graph, tell).items():
            found.setdefault(name, (f"feeds {dest}, which keeps state, and no order is kept {where}",
                                    f"any_order = True in {dest}"))
    return found


def serial_pairs(graph: Graph, several: set[str]) -> Reasons:
    """The same for PEs that make pairs, behind which there is no order."""
    tell = [pe for pe in graph.pes
            if pe.state.tells_order or pe.name in several and counts_apart(graph, pe)]
    return {name: (f"its pairs lead to {dest}, which keeps state", f"any_order = True in {dest}")
            for name, dest in _before(graph, tell).items() if graph.by_name[name].kind == "pairs"}


def counts_apart(graph: Graph, pe: Pe) -> bool:
    """Whether a PE's answer tells which of its instances got which item, and no grouping says which."""
    return pe.state.tells_instance and any(pe.port(e.input).grouping.kind == "none" for e in graph.edges_in[pe.name])


def _dealers(graph: Graph, routed: Iterable[Pe], several: set[str]) -> dict[str, str]:
    """What feeds `routed` PEs by a counter: their producers and, where one of these has several instances that count
    each for itself, what feeds it by a counter, and so on."""
    found: dict[str, str] = {}
    waiting = [(pe.name, pe.name) for pe in routed]
    while waiting:
        name, dest = waiting.pop()
        for edge in graph.edges_in[name]:
            ungrouped = graph.by_name[name].port(edge.input).grouping.kind == "none"
            if ungrouped and edge.source not in found:
                found[edge.source] = dest
                if edge.source in several:
                    waiting.append((edge.source, dest))
    return found


def _before(graph: Graph, targets: Iterable[Pe]) -> dict[str, str]:
    """The PEs from which some PE of `targets` is reached over at least one edge, also one that leads back, each with
    such a PE: a nearest one."""
    found: dict[str, str] = {}
    waiting = [(pe.name, pe.name) for pe in targets]
    for name, dest in waiting:  # grows
        for edge in graph.edges_in[name]:
            if edge.source not in found:
                found[edge.source] = dest
                waiting.append((edge.source, dest))
    return found
