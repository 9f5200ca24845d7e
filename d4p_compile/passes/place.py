"""Decide how many instances each PE runs as: the one place where counts are decided.

By the same rules on every target. W is the width: `-n`, or where that isn't given what the engine finds when the
program starts.

>>> from d4p_compile.ir.capabilities import Capabilities
>>> from d4p_compile.ir.sketch import BY, GLOBAL, sketch
>>> graph = sketch("read split", "split count", "count last", "count total", count=("state", BY), last="state",
...                total=GLOBAL)
>>> for pe in place(graph, Options(can=Capabilities(wide=True))).pes:
...     print(f"{pe.name} x{pe.instances}: {pe.because}")
read x1: root
split xwidth: keeps no state
count xwidth: keeps state by the key of its group-by
last x1: keeps state, no grouping: sees every item, in order
total x1: all inputs are "global"
>>> [pe.instances for pe in place(graph, Options(width=4)).pes]
[1, 4, 4, 1, 1]
"""

from __future__ import annotations

from dataclasses import replace

from d4p.errors import Refused
from d4p.frozen import dataclass

from ..ir.graph import MOST, TILES, WIDTH, Graph, Instances, Pe
from ..ir.walk import topological
from .options import Options
from .serial import serial, serial_pairs
from .verify import producers


@dataclass(frozen=True)
class Count:
    """How many instances, why, and what would make one more."""

    instances: Instances
    because: str
    remedy: str = ""


Counts = dict[str, Count]


def place(graph: Graph, options: Options) -> Graph:
    """Give every PE its count. Raises Refused where `-n` isn't a width that can be run."""
    if options.width is not None and options.width < 1:
        raise Refused(f"-n must be 1 or more, not {options.width}")
    if options.width is not None and options.width > MOST:
        raise Refused(f"-n must be {MOST:,} at most, since each instance takes memory; it is {options.width:,}")
    given = {pe.name: count for pe in graph.pes if (count := _given(graph, pe))}
    counts = _by_rule(graph, given, options.can.in_order)
    counts |= _in_partitions(graph, given, counts)
    counts |= _glued(graph, given, counts, options)
    width = options.width or (WIDTH if options.can.wide else 1)
    known: dict[Instances, Instances] = {WIDTH: width, TILES: TILES if width == WIDTH else width}
    pes = (replace(pe, instances=known.get(counts[pe.name].instances, counts[pe.name].instances),
                   because=counts[pe.name].because, remedy=counts[pe.name].remedy) for pe in graph.pes)
    return replace(graph.with_pes(pes), warnings=(*graph.warnings, *_too_many(graph)))


# What is decided by what the user says, or by where a PE stands


def _given(graph: Graph, pe: Pe) -> Count | None:
    asked = pe.request.instances
    if pe.request.single:
        return Count(1, "single")
    if _is_plain_root(graph, pe):
        return Count(1, "root", "a library reader")
    if _is_gathered(graph, pe):
        return Count(1, 'all inputs are "global"')
    if pe.state.holds and (asked or 1) == 1:
        return Count(1, f"holds .{pe.state.holds[0]}, which can't be copied", "making it in preprocess")
    return Count(asked, "asked for") if asked is not None else None


def _is_plain_root(graph: Graph, pe: Pe) -> bool:
    return graph.is_root(pe.name) and pe.kind != "reader"


def _is_gathered(graph: Graph, pe: Pe) -> bool:
    edges = graph.edges_in[pe.name]
    return bool(edges) and all(pe.port(e.input).grouping.kind == "global" for e in edges)


def _too_many(graph: Graph) -> list[str]:
    """A warning for each PE that asks for several instances and can have but one."""
    warnings = []
    for pe in graph.pes:
        asks = f"{pe.name} asks for {pe.request.instances} instances but"
        if pe.request.single or (pe.request.instances or 1) == 1:
            continue
        if _is_plain_root(graph, pe):
            warnings.append(f"{asks} has no connected input: a root runs as 1")
        elif _is_gathered(graph, pe):
            warnings.append(f'{asks} all its inputs are "global": it runs as 1')
    return warnings


# What is decided by what a PE does


def _by_rule(graph: Graph, given: Counts, in_order: bool) -> Counts:
    """A count for every PE: what is `given`, else what the PE can have."""
    several = {name for name, count in given.items() if count.instances != 1}
    alone = {**serial(graph, several, in_order), **serial_pairs(graph, several)}
    in_cycles = any(edge.back for edge in graph.edges)
    counts: Counts = {}
    for name in topological(producers(graph), key={pe.name: i for i, pe in enumerate(graph.pes)}.__getitem__):
        pe = graph.by_name[name]
        count = given.get(name) or _with_tiles(graph, pe, counts)
        if count is None:
            count = _own(graph, pe, in_cycles)
            count = Count(1, *alone[name]) if name in alone and count.instances != 1 else count
        counts[name] = count
    return counts


def _with_tiles(graph: Graph, pe: Pe, counts: Counts) -> Count | None:
    """The count of a PE that stays with the pairs that come to it, which are in no order any more."""
    edges = graph.edges_in[pe.name]
    if not edges or pe.state.keeps or any(pe.port(e.input).grouping.kind != "none" or e.back for e in edges):
        return None
    before = {counts[e.source].instances for e in edges}
    if before == {TILES}:
        return Count(TILES, "keeps no state, and its producers are as wide")
    if pe.call.batches and len(before) == 1 and all(graph.by_name[e.source].kind == "pairs" for e in edges):
        return Count(before.pop(), "takes tiles, of as many instances")
    return None


def _own(graph: Graph, pe: Pe, in_cycles: bool) -> Count:
    """What a PE can have whatever is behind it."""
    groupings = {pe.port(edge.input).grouping.kind for edge in graph.edges_in[pe.name]}
    if pe.kind == "pairs":
        return Count(TILES, "a tile of the pairs each, and no PE after it can tell")
    if pe.state.keeps:
        return _with_state(pe, groupings, in_cycles)
    if "all" in groupings:
        return Count(1, 'gets every item ("all"), and each instance would write for it', "numprocesses")
    return Count(WIDTH, "reads splits" if pe.kind == "reader" else "keeps no state")


def _with_state(pe: Pe, groupings: set[str], in_cycles: bool) -> Count:
    if in_cycles:
        return Count(1, "keeps state, in a graph with a cycle", "numprocesses")
    if pe.state.partial and "all" not in groupings:
        return Count(WIDTH, "a part of an aggregate, and what follows joins the parts")
    if "by" in groupings and groupings <= {"by", "all"}:
        return Count(WIDTH, "keeps state by the key of its group-by")
    if pe.kind == "reader":
        return Count(1, "keeps state, and reads all splits", "stateful = False")
    sees = "sees every item, in order" if pe.state.tells_order else "sees every item"
    ungrouped = "no grouping" if groupings == {"none"} else "not all inputs are group-by"
    return Count(1, f"keeps state, {ungrouped}: {sees}", "a group-by, or stateful = False")


# What is decided by who is near


def _in_partitions(graph: Graph, given: Counts, counts: Counts) -> Counts:
    """PEs that ask for nothing have the count of the narrowest in their partition, with which they are one stage."""
    found: Counts = {}
    for names in graph.partitions:
        narrowest = min(names, key=lambda name: _order(counts[name].instances))
        least = counts[narrowest].instances
        found |= {name: Count(least, f"as many as {narrowest}, in the same partition") for name in names
                  if name not in given and counts[name].instances != least}
    return found


def _order(instances: Instances) -> tuple[int, int]:
    """Narrower ones first: numbers, then what only the engine knows."""
    return (0, instances) if isinstance(instances, int) else (1 + (instances == TILES), 0)


def _glued(graph: Graph, given: Counts, counts: Counts, options: Options) -> Counts:
    """PEs that are to stay with what feeds them, where that is one instance."""
    found: Counts = {}
    feeding = producers(graph)
    for name in topological(feeding, key={pe.name: i for i, pe in enumerate(graph.pes)}.__getitem__):
        mine = graph.by_name[name].request.fuse
        wanted = mine if mine is not None else options.fuse
        before = [found.get(source, counts[source]).instances for source in feeding[name]]
        if wanted and name not in given and set(before) == {1} and counts[name].instances != 1:
            found[name] = Count(1, "stays with what feeds it (fuse)")
    return found
