"""Decide how many instances each PE runs as: the one place where counts are decided.

>>> from d4p_compile.ir.capabilities import Capabilities
>>> from d4p_compile.ir.sketch import BY, GLOBAL, sketch
>>> graph = sketch("read split", "split count", "count total", count=(BY, 4), total=GLOBAL)
>>> for pe in place(graph, Options(can=Capabilities(wide=True))).pes:
...     print(f"{pe.name} x{pe.instances}: {pe.because}")
read x1: root
split xwidth: keeps no state
count x4: asked for
total x1: all inputs are "global"
"""

from __future__ import annotations

from dataclasses import replace

from d4p.errors import Refused

from ..ir.graph import MOST, PAIRS, TILES, WIDTH, Edge, Graph, Instances, Pe
from ..ir.walk import topological, upstream
from .options import Options
from .share import share
from .verify import producers


def place(graph: Graph, options: Options) -> Graph:
    """Give every PE its count. Raises Refused where `-n` isn't a count that can be run."""
    if options.instances is not None and options.instances < 1:
        raise Refused(f"-n must be 1 or more, not {options.instances}")
    if options.instances is not None and options.instances > MOST:
        raise Refused(f"-n must be {MOST:,} at most, since each instance takes memory; it is {options.instances:,}")
    warnings = list(graph.warnings)
    fixed: dict[str, tuple[int, str]] = {}
    for pe in graph.pes:
        found = _fixed(graph, pe, options, warnings)
        if found:
            fixed[pe.name] = found
    free = [pe.name for pe in graph.pes if pe.name not in fixed]
    chosen: dict[str, tuple[Instances, str]]
    if options.instances is None:
        counts = _by_width(graph, fixed, free, options.can.in_order) if options.can.wide else {}
        chosen = {**{name: (1, _alone(graph.by_name[name])) for name in free}, **counts}
    else:
        chosen = {**share(graph, fixed, free, options.instances)}
    chosen |= fixed
    pes = (replace(pe, instances=chosen[pe.name][0], because=chosen[pe.name][1]) for pe in graph.pes)
    return replace(graph.with_pes(pes), warnings=tuple(warnings))


def _fixed(graph: Graph, pe: Pe, options: Options, warnings: list[str]) -> tuple[int, str] | None:
    edges, asked = graph.edges_in[pe.name], pe.request.instances
    if pe.request.single:
        return 1, "single"
    if not edges and pe.kind != "reader":
        if asked is not None and asked > 1:
            warnings.append(f"{pe.name} asks for {asked} instances but has no connected input: a root runs as 1")
        return 1, "root"
    if edges and all(pe.port(e.input).grouping.kind == "global" for e in edges):
        if asked is not None and asked > 1:
            warnings.append(f'{pe.name} asks for {asked} instances but all its inputs are "global": it runs as 1')
        return 1, 'all inputs are "global"'
    if pe.state.holds and (asked or 1) == 1:
        return 1, f"holds .{pe.state.holds[0]}, which can't be copied"
    if asked is not None and (asked > 1 or options.instances is None):
        return asked, "asked for"
    return None


def _alone(pe: Pe) -> str:
    return f"keeps state: {pe.state.why}" if pe.state.keeps else "nobody asked for more"


def _by_width(graph: Graph, fixed: dict, free: list[str], in_order: bool) -> dict[str, tuple[Instances, str]]:
    """Widen PEs without state: nobody can tell their count from the answer.

    A PE that keeps state gets its items in the order of the sequential run, however many instances they came through
    (pass `places`). Where it runs as several instances without a grouping it can tell which items came its way, so
    nothing before it is widened; nor before what needs an order that isn't kept: in a graph with a cycle, by a target
    that keeps none, and where pairs are made of items in the order of their coming. There a PE is widened only where
    its producers are as wide already: then instance i feeds instance i and it adds no disorder of its own.
    """
    order = topological(producers(graph), key={p.name: i for i, p in enumerate(graph.pes)}.__getitem__)
    keeps = {pe.name for pe in graph.pes if pe.state.keeps}
    routed = {
        name
        for name in keeps
        if fixed.get(name, (1, ""))[0] > 1
        and any(graph.by_name[name].port(e.input).grouping.kind == "none" for e in graph.edges_in[name])
    }
    in_order = in_order and not any(edge.back for edge in graph.edges)
    feeds_state = _upstream_of(graph, {pe.name for pe in graph.pes if pe.state.tells_order})
    as_they_come = _upstream_of(graph, {pe.name for pe in graph.pes if _pairs_as_they_come(pe)})
    unordered = as_they_come if in_order else feeds_state
    feeds_routed = _upstream_of(graph, routed)
    wide: dict[str, tuple[Instances, str]] = {}
    candidates = set(free)
    for name in order:
        pe = graph.by_name[name]
        edges = graph.edges_in[name]
        if name in candidates and pe.kind == "pairs" and name not in feeds_state and name not in feeds_routed:
            wide[name] = (TILES, "a tile of the pairs each, and no PE after it can tell")
        if name not in candidates or pe.state.keeps or name in feeds_routed:
            continue
        if any(pe.port(e.input).grouping.kind == "all" for e in edges):
            continue
        behind_wide = bool(edges) and all(
            e.source in wide and pe.port(e.input).grouping.kind == "none" for e in edges
        )
        before = {wide[e.source][0] for e in edges} if behind_wide else set()
        tiled = {fixed[e.source][0] for e in edges if _gives_tiles(graph, e) and e.source in fixed}
        if pe.call.batches and len(tiled) == 1 and all(_gives_tiles(graph, e) and e.source in fixed for e in edges):
            wide[name] = (tiled.pop(), "takes tiles, of as many instances")
        elif pe.kind == "reader":
            wide[name] = (WIDTH, "reads splits")
        elif len(before) == 1:
            wide[name] = (before.pop(), "keeps no state, and its producers are as wide")
        elif name not in unordered:
            wide[name] = (WIDTH, "keeps no state")
    return wide


def _pairs_as_they_come(pe: Pe) -> bool:
    """Whether it makes pairs of items whose order is that in which they come."""
    return any(port.grouping.kind in PAIRS and not port.grouping.fields for port in pe.inputs)


def _gives_tiles(graph: Graph, edge: Edge) -> bool:
    ungrouped = graph.by_name[edge.dest].port(edge.input).grouping.kind == "none"
    return graph.by_name[edge.source].kind == "pairs" and ungrouped


def _upstream_of(graph: Graph, targets: set[str]) -> set[str]:
    """The PEs from which some PE of `targets` can be reached over at least one edge, one that leads back too."""
    return upstream({name: [edge.source for edge in edges] for name, edges in graph.edges_in.items()}, targets)
