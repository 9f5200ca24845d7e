"""A plan as JSON, for programs."""

from __future__ import annotations

import json
from typing import Any

from ..ir.plan import Plan


def to_dict(plan: Plan) -> dict[str, Any]:
    """The plan as plain values; PEs by the names that the plan shows."""
    graph = plan.graph
    return {
        "workflow": graph.name,
        "target": plan.target,
        "fingerprint": graph.fingerprint,
        "width": plan.width,
        "pes": [
            {"name": pe.name, "id": pe.id, "class": pe.cls, "instances": pe.instances, "because": pe.because,
             "remedy": pe.remedy, "keeps_state": pe.state.keeps, "any_order": pe.state.any_order,
             "why": pe.state.why,
             "inputs": {p.name: str(p.grouping) for p in pe.inputs}, "outputs": list(pe.outputs),
             "on_error": pe.on_error or "fail"}
            for pe in graph.pes
        ],
        "stages": [{"number": s.number, "pes": list(s.pes), "instances": s.instances, "ordered": s.ordered,
                    "native": str(s.native) if s.native else None}
                   for s in plan.stages],
        "channels": [
            {"number": c.number, "from": [c.edge.source, c.edge.output], "to": [c.edge.dest, c.edge.input],
             "exchange": c.edge.exchange.kind.value, "fields": list(c.edge.exchange.fields), "back": c.edge.back,
             "places": c.places, "columns": [str(column) for column in c.columns], "packed": c.packed}
            for c in plan.channels
        ],
        "results": [list(result) for result in graph.results()],
        "composites": {label: list(inner) for label, inner in graph.composites},
        "apart": [{"between": pair, "because": reason} for pair, reason in plan.apart],
        "warnings": [*graph.warnings, *plan.notes],
    }


def to_json(plan: Plan) -> str:
    return json.dumps(to_dict(plan), indent=2)
