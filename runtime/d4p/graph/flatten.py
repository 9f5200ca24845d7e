"""Flattening: a graph with composites becomes PEs and edges, nothing else.

    source > [ detrend > whiten ] > write    with a composite in brackets becomes
    source > detrend > whiten > write

Every edge is kept: composite to composite, several sources into one composite input, several consumers of a composite
output, composites in composites. Only the very same four (PE, output, PE, input) connected twice become one edge,
with a warning. Everything walks with explicit stacks, so depth is not limited by Python's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from types import MethodType
from typing import Any

from d4p.errors import Refused
from d4p.frozen import dataclass
from d4p.graph.core import GROUPING
from d4p.graph.cycles import back_edges
from d4p.graph.nodes import AnyGraph, ByIdentity, NodeGraph, WorkflowNode
from d4p.graph.nodes import Edge as FlatEdge

__all__ = ["Flat", "FlatEdge", "flatten", "flatten_in_place", "leading_back", "topological"]


@dataclass(frozen=True)
class Flat:
    """A graph without composites.

    Attributes:
        pes: in order of addition, depth first: a composite's inner PEs stand where it was added.
        edges: between those PEs, each once; the outer graph's before those inside its composites.
        composites: (label, inner PEs at any depth) for each composite, outer before inner.
        partitions: the PEs of each partition, composites expanded; empty when the user set none.
        warnings: what the user should know, one sentence each.
        on_error: what each of `pes` says of items for which it fails, or else the innermost graph around it that does.
        fused: the PEs that say `fuse = True`, or that are in a graph that does.
    """

    pes: tuple[Any, ...]
    edges: tuple[FlatEdge, ...]
    composites: tuple[tuple[str, tuple[Any, ...]], ...]
    partitions: tuple[tuple[Any, ...], ...]
    warnings: tuple[str, ...]
    on_error: tuple[Any, ...]
    fused: tuple[Any, ...]


def flatten(graph: AnyGraph) -> Flat:
    """Flattens a graph, numbers its PEs (`id`) and passes groupings and numbers of instances down to them.

    The graph itself stays as it is, and flattening again gives the same.

    Raises:
        Refused: a composite that contains itself, a composite port that leads nowhere, a partition with a stranger.
    """
    return _flatten(graph)[0]


def _flatten(graph: AnyGraph) -> tuple[Flat, list[AnyGraph]]:
    graphs, pes, members = _walk(graph)
    _number(pes)
    edges, warnings = _edges(graphs)
    for composite in reversed(graphs[1:]):  # inner before outer: what the outer one says wins
        _pass_groupings(composite)
    partitions = _partitions(graph, members)
    warnings = [*graph._d4p_warnings, *warnings, *_pass_counts(graphs, pes, edges, members, partitions)]
    composites = tuple((f"{_label(c)}{i}", members[c]) for i, c in enumerate(graphs[1:]))
    on_error = _on_error(graphs, pes, members)
    fused = _fused(graphs, pes, members)
    return Flat(tuple(pes), tuple(edges), composites, partitions, tuple(warnings), on_error, fused), graphs


def flatten_in_place(graph: AnyGraph) -> None:
    """Makes `graph` hold what `flatten` gives: PEs only."""
    flat, _ = _flatten(graph)
    for mappings, of in (("inputmappings", "input"), ("outputmappings", "output")):
        if mappings in vars(graph):
            setattr(graph, mappings, {port: _inner(graph, port, of, "") for port in vars(graph)[mappings]})
    old = graph.objToNode
    graph.graph, graph.objToNode = NodeGraph(), ByIdentity()
    for pe in flat.pes:
        node = graph.objToNode[pe] = old.get(pe) or WorkflowNode(pe)
        graph.graph.add_node(node)
        vars(pe).pop("_d4p_inherited", None)  # the composite that asked is gone, its request stays
    for pe, says in zip(flat.pes, flat.on_error, strict=True):
        if says is not None:
            pe.on_error = says
    for edge in flat.edges:
        graph.graph.link(graph.objToNode[edge.source], graph.objToNode[edge.dest], edge)
    for pe in flat.fused:
        pe.fuse = True
    if flat.partitions:
        graph.partitions = [list(part) for part in flat.partitions]
    graph._d4p_count = len(flat.pes)
    graph._d4p_warnings = flat.warnings


def topological(pes: Iterable[Any], edges: Iterable[FlatEdge]) -> list[Any]:
    """The PEs, sources before their consumers; of several that could come next the first of those given, as the
    compiler has it; edges that lead back don't count."""
    pes, edges = list(pes), list(edges)
    number = {id(pe): at for at, pe in enumerate(pes)}
    consumers: list[list[int]] = [[] for _ in pes]
    waiting = [0] * len(pes)
    for edge, back in zip(edges, leading_back(pes, edges), strict=True):
        if not back:
            consumers[number[id(edge.source)]].append(number[id(edge.dest)])
            waiting[number[id(edge.dest)]] += 1
    ready = [at for at, count in enumerate(waiting) if not count]  # a heap, as it is sorted
    order = []
    while ready:
        at = heappop(ready)
        order.append(pes[at])
        for consumer in consumers[at]:
            waiting[consumer] -= 1
            if not waiting[consumer]:
                heappush(ready, consumer)
    return order


def leading_back(pes: Iterable[Any], edges: Iterable[FlatEdge]) -> list[bool]:
    """For each edge whether it leads back, as `d4p.graph.cycles` decides it."""
    number = {id(pe): i for i, pe in enumerate(pes)}
    return back_edges(len(number), [(number[id(edge.source)], number[id(edge.dest)]) for edge in edges])


def _walk(top: AnyGraph) -> tuple[list[AnyGraph], list[Any], ByIdentity]:
    """All graphs (the top one first, outer before inner), all PEs, and the PEs of each graph at any depth."""
    graphs, pes, seen, members = [top], [], ByIdentity(), ByIdentity()
    path: list[tuple[AnyGraph, Iterator[Any]]] = [(top, _children(top))]
    inside = ByIdentity()  # graphs on the path -> PEs and composites found in them so far
    inside[top] = ByIdentity()
    while path:
        graph, children = path[-1]
        child = next(children, None)
        if child is None:
            path.pop()
            members[graph] = tuple(inside.pop(graph))
            if path:
                inside[path[-1][0]].update((pe, None) for pe in members[graph])
        elif not isinstance(child, AnyGraph):
            inside[graph][child] = None
            if child not in seen:
                seen[child] = None
                pes.append(child)
        elif child in inside:
            raise Refused(f"{_the(child)} contains itself"
                          f" ({' > '.join(_label(g) for g, _ in path)} > {_label(child)})")
        elif child in members:  # the same object in two places is one copy
            inside[graph].update((pe, None) for pe in members[child])
        else:
            graphs.append(child)
            inside[child] = ByIdentity()
            path.append((child, _children(child)))
    return graphs, pes, members


def _children(graph: AnyGraph) -> Iterator[Any]:
    """What is directly in a graph: what was added, then what its ports are mapped to and nobody added."""
    yield from list(graph.objToNode)
    for mappings in ("inputmappings", "outputmappings"):
        for port, target in list((vars(graph).get(mappings) or {}).items()):
            if not isinstance(target, (tuple, list)) or len(target) != 2:
                raise Refused(f"{mappings} of {_the(graph)} must map {port!r} to a pair"
                              f" (inner PE, its port); it maps it to {target!r}")
            inner = target[0]
            if inner not in graph.objToNode:
                WorkflowNode(inner)  # refuses what is neither a PE nor a composite
                yield inner


def _number(pes: list[Any]) -> None:
    """Sets `id` to name and number; two PEs named `a` and `a1` don't both become `a11`."""
    taken = set()
    for index, pe in enumerate(pes):
        pe.id = f"{pe.name}{index}"
        while pe.id in taken:
            pe.id = f"{pe.id[: -len(str(index))]}_{index}"
        taken.add(pe.id)


def _edges(graphs: list[AnyGraph]) -> tuple[list[FlatEdge], list[str]]:
    found: dict[tuple, FlatEdge] = {}
    warnings = []
    for link in (link for graph in graphs for link in graph.graph.links):
        source, output = _inner(link.source, link.output, "output", link.where)
        dest, input = _inner(link.dest, link.input, "input", link.where)
        key = (id(source), output, id(dest), input)
        if key in found:
            lines = [w for w in (found[key].where, link.where) if w]
            at = f" ({' and '.join(dict.fromkeys(lines))})" if lines else ""
            warnings.append(f"{source.id}.{output} is connected to {dest.id}.{input} more than once{at};"
                            " each item is delivered once")
        else:
            found[key] = FlatEdge(source, output, dest, input, link.where)
    return list(found.values()), warnings


def _inner(of: Any, port: str, kind: str, where: str) -> tuple[Any, str]:
    """Follows a port of a composite to the PE that has it; `kind` is "input" or "output"."""
    while isinstance(of, AnyGraph):
        mappings = vars(of).get(f"{kind}mappings") or {}
        if port not in mappings:
            known = ", ".join(map(repr, mappings)) or "none"
            at = f"{where}: " if where else ""
            raise Refused(f"{at}{_the(of)} has no {kind} {port!r}; its {kind}s are: {known}."
                          f" A composite's ports are those in its {kind}mappings (or named by _map_{kind}).")
        of, port = mappings[port]
    return of, port


def _pass_groupings(composite: AnyGraph) -> None:
    """A grouping set on a port of a composite becomes that of the inner port."""
    for port, settings in list(composite.inputconnections.items()):
        if settings.get(GROUPING) is not None:
            pe, inner_port = _inner(composite, port, "input", "")
            if inner_port in pe.inputconnections:  # a port the PE lacks is the verifier's to report
                pe.inputconnections[inner_port][GROUPING] = settings[GROUPING]


def _partitions(graph: AnyGraph, members: ByIdentity) -> tuple[tuple[Any, ...], ...]:
    partitions, home = [], ByIdentity()  # home: PE -> number of its partition
    parts: Any = vars(graph).get("partitions") or ()
    for number, part in enumerate(parts):
        expanded = ByIdentity()
        for item in part:
            item = item.getContainedObject() if isinstance(item, WorkflowNode) else item
            for pe in members.get(item, ()) if isinstance(item, AnyGraph) else (item,):
                if pe not in members[graph]:
                    raise Refused(f"partition {number} names {getattr(pe, 'name', pe)!r}, which is not in the graph")
                if home.setdefault(pe, number) != number:
                    raise Refused(f"{pe.id} is in partition {home[pe]} and in partition {number}; it can be in one")
                expanded[pe] = None
        partitions.append(tuple(expanded))
    return tuple(partitions)


def _pass_counts(graphs: list[AnyGraph], pes: list[Any], edges: list[FlatEdge], members: ByIdentity,
                 partitions: tuple[tuple[Any, ...], ...]) -> list[str]:
    """Gives `numprocesses` of composites, and of partitions, to inner PEs with an input that ask for nothing."""
    for pe in pes:
        if pe._d4p_inherited:
            pe.numprocesses = 1
            pe._d4p_asked = False
    fed = {id(edge.dest) for edge in edges}
    wanted = [(members[g], vars(g)["numprocesses"]) for g in reversed(graphs) if "numprocesses" in vars(g)]
    of_graph = vars(graphs[0]).get("numprocesses")
    warnings = []
    if isinstance(of_graph, (list, tuple)):
        wanted[-1:] = zip(partitions, of_graph, strict=False)
        if len(of_graph) != len(partitions):
            warnings.append(f"numprocesses of the graph has {len(of_graph)} counts for {len(partitions)} partitions;"
                            " they are matched in order and the rest is ignored")
    for inner, count in wanted:
        for pe in inner:
            if isinstance(count, int) and not pe._d4p_asked and not pe.single and id(pe) in fed:
                pe.numprocesses = count
                pe._d4p_inherited = True
    return warnings


def _on_error(graphs: list[AnyGraph], pes: list[Any], members: ByIdentity) -> tuple[Any, ...]:
    says = ByIdentity()
    for graph in graphs:  # outer before inner: what the inner one says wins
        if vars(graph).get("on_error") is not None:
            for pe in members[graph]:
                says[pe] = vars(graph)["on_error"]
    own = [None if isinstance(pe.on_error, MethodType) else pe.on_error for pe in pes]  # a method of a user's own
    return tuple(says.get(pe) if mine is None else mine for pe, mine in zip(pes, own, strict=True))


def _fused(graphs: list[AnyGraph], pes: list[Any], members: ByIdentity) -> tuple[Any, ...]:
    inside = ByIdentity()
    for graph in graphs:
        if vars(graph).get("fuse") is True:
            inside.update((pe, None) for pe in members[graph])
    return tuple(pe for pe in pes if pe.fuse is True or pe in inside and pe.fuse is not False)


def _the(graph: AnyGraph) -> str:
    return "the composite" if _label(graph) == "composite" else f"the composite {_label(graph)}"


def _label(graph: AnyGraph) -> str:
    """What the user calls a composite: its `name`, or the name of its class."""
    plain = type(graph).__module__.partition(".")[0] == "d4p"
    return str(vars(graph).get("name") or ("composite" if plain else type(graph).__name__))
