"""What pictures of a plan draw between PEs; the same for every kind of picture."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..ir.graph import Edge
from ..ir.plan import Plan


@dataclass(frozen=True)
class Arrow:
    """An edge: inside a stage a call, with nothing to say but its ports; between stages, or back, an exchange."""

    source: str
    dest: str
    label: str
    exchange: bool
    back: bool


def arrows(plan: Plan) -> list[Arrow]:
    """All edges, labelled by exchange, and by ports where the two PEs alone don't tell which edge it is."""
    between = Counter((e.source, e.dest) for e in plan.graph.edges)
    channels = {c.edge.key for c in plan.channels}
    found = []
    for edge in plan.graph.edges:
        crosses = edge.key in channels
        ports = f"{edge.output} to {edge.input}" if between[edge.source, edge.dest] > 1 or _several(plan, edge) else ""
        parts = [ports, str(edge.exchange) if crosses else "", "leads back" if edge.back else ""]
        found.append(Arrow(edge.source, edge.dest, ", ".join(filter(None, parts)), crosses, edge.back))
    return found


def _several(plan: Plan, edge: Edge) -> bool:
    source, dest = plan.graph.by_name[edge.source], plan.graph.by_name[edge.dest]
    return len(source.outputs) > 1 or len(dest.inputs) > 1


def results(plan: Plan) -> list[tuple[str, str]]:
    """(PE, label) of each result."""
    return [(pe, f"{pe}.{port}") for pe, port in plan.graph.results()]
