"""Fuse neighbours into one stage where nothing needs an exchange between them.

>>> from d4p_compile.ir.sketch import BY, sketch
>>> from d4p_compile.passes import lower, place, route
>>> plan, options = sketch("read split", "split count", count=(BY, 4)), Options()
>>> for step in (place, route, lower, fuse):
...     plan = step(plan, options)
>>> [str(stage) for stage in plan.stages], plan.apart
(['read > split', 'count'], (('split | count', 'group-by [0] over 4 instances'),))

PEs are taken in topological order and join the stage of a producer. A stage must stay convex (no
path may leave it and come back), which sets of ancestors kept as bit masks decide in one look.
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.exchange import Kind
from ..ir.graph import Edge, Graph, counted
from ..ir.plan import Channel, Plan, Stage
from ..ir.walk import topological, upstream
from .options import Options
from .serial import counts_apart
from .verify import cycle_of, producers


def why_separate(graph: Graph, edge: Edge) -> str | None:
    """The reason why the two ends of an edge cannot be one stage, or None; looks at this edge alone."""
    source, dest = graph.by_name[edge.source], graph.by_name[edge.dest]
    if edge.back:
        return f"closes the cycle {cycle_of(graph, edge)}"
    if graph.partition_of.get(edge.source) != graph.partition_of.get(edge.dest):
        return "different partitions"
    if dest.request.fuse is False:
        return f"{dest.name} says fuse = False"
    if edge.exchange.kind is Kind.HASH:
        return f"group-by {list(edge.exchange.fields)} over {counted(dest.instances)} instances"
    if edge.exchange.kind is Kind.BROADCAST:
        return f'"all" to {counted(dest.instances)} instances'
    if edge.exchange.is_pairs:
        return f"pairs need all items first; {counted(dest.instances)} instances share them by tiles"
    if source.instances != dest.instances:
        counts = f"{source.name} x{counted(source.instances)}, {dest.name} x{counted(dest.instances)}"
        if source.instances == 1 and dest.request.instances is None:
            return f"counts apart: {counts}; glued to one instance, {dest.name} would run serially"
        return f"counts apart: {counts}"
    if edge.exchange.kind is not Kind.FORWARD:
        return f"{edge.exchange} over {counted(dest.instances)} instances"
    return None


def fuse(plan: Plan, options: Options) -> Plan:
    """Merge stages; `apart` of the result holds the reason for each edge that stays a channel."""
    graph = plan.graph
    reasons = {edge.key: why_separate(graph, edge) for edge in graph.edges}
    added = {pe.name: i for i, pe in enumerate(graph.pes)}
    on = options.fuse is not False
    clusters = _Clusters(graph, side_by_side=options.can.wide and options.width != 1 and not options.fuse,
                         in_order=_in_order(graph) if options.can.wide and options.can.in_order else set())
    for name in topological(producers(graph), key=added.__getitem__):
        clusters.place(name, reasons if on else None)
    stages = tuple(Stage(tuple(pes), graph.by_name[pes[0]].instances) for pes in clusters.stages())
    channels = tuple(c for c in plan.channels if c.edge.back or clusters.of[c.edge.source] != clusters.of[c.edge.dest])
    why = clusters.why if on else lambda edge: "each PE is a stage of its own (fusion is off)"
    apart = tuple((_between(c), reasons[c.edge.key] or why(c.edge)) for c in channels)
    notes = [f"{c.edge.dest} could take tiles, and gets pairs one by one: {reason}"
             for c, (_, reason) in zip(channels, apart, strict=True)
             if graph.by_name[c.edge.source].kind == "pairs" and graph.by_name[c.edge.dest].call.batches]
    fused = replace(plan, stages=stages, channels=channels, apart=tuple(dict.fromkeys(apart)))
    if options.can.broadcasts_pairs:
        notes += [_way(fused, channel) for channel in channels if channel.edge.exchange.is_pairs]
    return replace(fused, notes=(*plan.notes, *dict.fromkeys(notes)))


def _in_order(graph: Graph) -> set[str]:
    """The PEs whose answer, or one behind them, tells the order of their items."""
    if any(edge.back for edge in graph.edges):
        return set()
    tell = {pe.name for pe in graph.pes if pe.state.tells_order or pe.instances != 1 and counts_apart(graph, pe)}
    return tell | upstream(producers(graph), tell)


def _way(plan: Plan, channel: Channel) -> str:
    """How the items of pairs get to the instances that need them, which depends on how many there are."""
    dest, stage = channel.edge.dest, plan.stage_of[channel.edge.dest]
    times = f"sqrt(2 x {counted(stage.instances)}) times"
    others = [c for c in plan.channels_into(stage) if not c.edge.exchange.is_pairs]
    if others:
        return f"{dest} gets its items by tiles as keys, each about {times}: its stage takes {others[0]}, too"
    return (f"{dest} gets its items by a broadcast, once to each executor, where they take no more than "
            f"spark.d4p.pairs.broadcast (100m) and that moves less; else by tiles as keys, each about {times}: decided "
            "when they are counted")


def _between(channel: Channel) -> str:
    return f"{channel.edge.source} | {channel.edge.dest}"


class _Clusters:
    """Stages while they grow: members, and as bits of an int the set of stages each one waits for, and those of them
    that feed it by an exchange as well."""

    def __init__(self, graph: Graph, side_by_side: bool, in_order: set[str]) -> None:
        self.graph = graph
        self.side_by_side = side_by_side
        self.in_order = in_order  # what is to get its items so
        self.of: dict[str, int] = {}
        self.members: dict[int, list[str]] = {}
        self.waits: dict[int, int] = {}
        self.cut: dict[int, int] = {}
        self.has_root: set[int] = set()

    def place(self, name: str, reasons: dict | None) -> None:
        """Put the next PE in topological order into the stages of its producers, or into one of its own."""
        edges = [edge for edge in self.graph.edges_in[name] if not edge.back]
        new = len(self.of)
        self.of[name], self.members[new] = new, [name]
        self.waits[new] = self.cut[new] = 0
        for edge in edges:
            producer = self.of[edge.source]
            self.waits[new] |= 1 << producer | self.waits[producer]
            if reasons is not None and reasons[edge.key] is not None:
                self.cut[new] |= 1 << producer
        if self.graph.is_root(name):
            self.has_root.add(new)
        for edge in edges:
            mine, theirs = self.of[name], self.of[edge.source]
            joins = reasons is not None and reasons[edge.key] is None
            apart = self.side_by_side and not self.graph.by_name[name].request.fuse
            if mine != theirs and joins and self._obstacle(theirs, mine, apart) is None:
                self._merge(theirs, mine)

    def _obstacle(self, a: int, b: int, side_by_side: bool) -> str | None:
        """Why the stages a and b (a feeds b) cannot be merged: None where they can."""
        if side_by_side and a in self.has_root and b in self.has_root:
            return "their sources run side by side"
        if self._loses_order(a, b):
            return "splits that are put in order again are read by instances that take nothing else"
        if self.cut[b] >> a & 1:
            return "another edge between their stages needs an exchange"
        for other, waits in self.waits.items():
            if other not in (a, b) and waits >> a & 1 and self.waits[b] >> other & 1:
                return f"{self.members[other][0]} stands between them"
        return None

    def _loses_order(self, a: int, b: int) -> bool:
        """Whether several instances that read splits would get something else, too (a feeds b), and so couldn't tell
        the places of what they send, where these are needed."""
        if self.graph.by_name[self.members[a][0]].instances == 1:
            return False
        fed = b in self.has_root or a in self.has_root and any(
            self.of[edge.source] not in (a, b) for name in self.members[b] for edge in self.graph.edges_in[name])
        return fed and any(edge.dest in self.in_order and self.of.get(edge.dest) not in (a, b)
                           for name in self.members[a] + self.members[b] for edge in self.graph.edges_out[name])

    def _merge(self, a: int, b: int) -> None:
        for name in self.members[b]:
            self.of[name] = a
        self.members[a] += self.members.pop(b)
        self.waits[a] |= self.waits.pop(b)  # bits of what is no more are nobody's, and its own is never asked for
        self.cut[a] |= self.cut.pop(b)
        for other, waits in self.waits.items():
            if waits >> a & 1:  # as all do that wait for b
                self.waits[other] |= self.waits[a]
            if self.cut[other] >> b & 1:
                self.cut[other] |= 1 << a
        if b in self.has_root:
            self.has_root.discard(b)
            self.has_root.add(a)

    def why(self, edge: Edge) -> str:
        obstacle = self._obstacle(self.of[edge.source], self.of[edge.dest], self.side_by_side)
        return obstacle or "when they met, a stage stood between them"

    def stages(self) -> list[list[str]]:
        """Members of each stage in topological order (the order in which they were placed)."""
        position = {name: i for i, name in enumerate(self.of)}
        return [sorted(pes, key=position.__getitem__) for pes in self.members.values()]
