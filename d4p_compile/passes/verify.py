"""Check an IR: bad input is refused in the user's words, a pass's mistake with its neighbourhood."""

from __future__ import annotations

import difflib

from d4p.errors import Refused

from ..ir.exchange import Kind
from ..ir.graph import Edge, Graph, Pe
from ..ir.plan import Plan, Stage
from ..ir.walk import cycle
from .options import Options


def verify(ir: Graph | Plan, options: Options) -> Graph | Plan:
    """Return `ir` if it makes sense; otherwise raise Refused (the user's mistake) or AssertionError (ours)."""
    if isinstance(ir, Graph):
        _graph(ir)
    else:
        _plan(ir, options)
    return ir


def _graph(graph: Graph) -> None:
    if not graph.pes:
        raise Refused(f"the graph {graph.name} has no PE: add or connect at least one")
    for pe in graph.pes:
        _names(pe)
    for edge in graph.edges:
        _port(graph, edge, edge.source, edge.output, graph.by_name[edge.source].outputs, "output")
        _port(graph, edge, edge.dest, edge.input, [p.name for p in graph.by_name[edge.dest].inputs], "input")
    for edge in graph.edges:
        _fields(graph, edge)
    for pe in graph.pes:
        if isinstance(pe.instances, int) and pe.instances < 1:
            raise AssertionError(f"{pe.name} was placed on {pe.instances} instances")
    if any(edge.back for edge in graph.edges) and (left := cycle(producers(graph))):
        raise AssertionError(f"a cycle is left: {left}")


def _names(pe: Pe) -> None:
    """Names stand in comments, file names and tables, where a port's has a line to itself: it is what it looks like, or
    refused. A PE's was made so (`d4p.graph.labels`)."""
    for side, ports in (("input", [port.name for port in pe.inputs]), ("output", pe.outputs)):
        for port in ports:
            if not isinstance(port, str | int) or not str(port).isprintable():
                raise Refused(f"{pe.name} ({pe.cls}) has an {side} port {port!r}: the name of a port must be text of "
                              "printable characters, without line breaks")


def _port(graph: Graph, edge: Edge, pe: str, port: str, known, side: str) -> None:
    if port in known:
        return
    close = difflib.get_close_matches(str(port), [str(k) for k in known])
    have = ", ".join(repr(k) for k in known) or "none"
    at = f" ({edge.where})" if edge.where else ""
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise Refused(
        f"{pe} ({graph.by_name[pe].cls}) has no {side} port {port!r}: connecting {edge}{at}. "
        f"Its {side} ports: {have}{hint}"
    )


def _fields(graph: Graph, edge: Edge) -> None:
    """What a consumer goes by must be a field of the items, where their types are declared: else the run would fail
    with the first of them."""
    schema, consumer = graph.by_name[edge.source].schema(edge.output), graph.by_name[edge.dest]
    port, aggregate = consumer.port(edge.input), consumer.aggregate
    asked = [(field, f"{edge.dest}.{edge.input} has the grouping {port.grouping}") for field in port.grouping.fields]
    asked += [(field, f"{edge.dest} pairs items within {field!r}") for field in port.fields]
    if aggregate is not None and not aggregate.unlike:
        asked += [(field, f"{edge.dest} takes the {aggregate.kind} of {field!r}") for field in aggregate.fields]
    for field, why in asked:
        if schema is None or schema.has(field):
            continue
        at = f" ({edge.where})" if edge.where else ""
        close = difflib.get_close_matches(str(field), schema.names)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise Refused(f"{why}, and the items of {edge.source}.{edge.output}, which declares ({schema}), have no field "
                      f"{field!r}{at}: name one of theirs, or change what is declared{hint}")  # fmt: skip


def producers(graph: Graph) -> dict[str, list[str]]:
    """For each PE, in order of addition, those that feed it, each once; without the edges that lead back."""
    return {pe.name: list(dict.fromkeys(e.source for e in graph.edges_in[pe.name] if not e.back)) for pe in graph.pes}


def cycle_of(graph: Graph, back: Edge) -> str:
    """A shortest cycle that an edge closes: `merge -> test -> merge`; of a long one its first and last PEs."""
    import networkx as nx

    arcs = nx.DiGraph((source, name) for name, sources in producers(graph).items() for source in sources)
    arcs.add_nodes_from(pe.name for pe in graph.pes)
    names = [*nx.shortest_path(arcs, back.dest, back.source), back.dest]
    if len(names) > 10:
        names[5:-3] = [f"... {len(names) - 8:,} more PEs ..."]
    return " -> ".join(names)


def stages_before(plan: Plan) -> dict[tuple[str, ...], list[tuple[str, ...]]]:
    """For each stage, as the tuple of its PEs, those that feed it, each once; without the channels that lead back."""
    return {stage.pes: list(dict.fromkeys(plan.stage_of[c.edge.source].pes for c in plan.channels_into(stage)
                                          if not c.edge.back)) for stage in plan.stages}


def _native(plan: Plan, stage: Stage, pe: str) -> None:
    """All that comes to the stage comes to the PE that the engine computes, in the same columns."""
    channels = plan.channels_into(stage)
    columns = {tuple((column.name, column.type) for column in channel.columns) for channel in channels}
    if plan.roots(stage) or {c.edge.dest for c in channels} != {pe} or len(columns) != 1 or () in columns:
        into = ", ".join(map(str, channels))
        raise AssertionError(f"the engine can't compute {pe} for stage {stage}, from {into}")


def _plan(plan: Plan, options: Options) -> None:
    for channel in plan.channels:
        edge = channel.edge
        if edge.exchange is None or edge.exchange.kind not in options.can.exchanges:
            raise AssertionError(f"the target {plan.target} cannot carry {edge} ({edge.exchange})")
        if plan.stage_of[edge.source] is plan.stage_of[edge.dest] and not edge.back:
            raise AssertionError(f"{edge} is inside stage {plan.stage_of[edge.source]} and cannot be a channel")
    lost = {edge.key for edge in plan.graph.edges if edge.back} - {channel.edge.key for channel in plan.channels}
    if lost:
        raise AssertionError(f"what leads back must be a channel: {lost}")
    if waiting := cycle(stages_before(plan)):
        raise AssertionError(f"the stages wait for each other: {waiting}")
    for stage in plan.stages:
        if stage.native:
            _native(plan, stage, stage.native.pe)
        for hop in plan.hops(stage):
            if hop.exchange is None or hop.exchange.kind is not Kind.FORWARD:
                raise AssertionError(f"{hop} needs {hop.exchange} and cannot be inside stage {stage}")
