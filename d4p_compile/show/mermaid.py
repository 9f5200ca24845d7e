"""A plan as a Mermaid flowchart: stages as boxes, function calls as thin arrows, exchanges as thick ones, dotted where
they lead back."""

from __future__ import annotations

from ..ir.plan import Plan
from .arrows import arrows, results


def mermaid(plan: Plan) -> str:
    """The text of the flowchart, as GitHub, GitLab and notebooks draw it."""
    node = {pe.name: f"p{i}" for i, pe in enumerate(plan.graph.pes)}
    out = ["flowchart LR"]
    for stage in plan.stages:
        out.append(f'  subgraph s{stage.number}["stage {stage.number} {stage.times}"]')
        out += [f'    {node[pe]}["{_escaped(pe)}"]' for pe in stage.pes]
        out.append("  end")
    for arrow in arrows(plan):
        line = "-.->" if arrow.back else "==>" if arrow.exchange else "-->"
        line += f'|"{_escaped(arrow.label)}"|' if arrow.label else ""
        out.append(f"  {node[arrow.source]} {line} {node[arrow.dest]}")
    for i, (pe, label) in enumerate(results(plan)):
        out.append(f'  {node[pe]} -.-> r{i}(["{_escaped(label)}"])')
    return "\n".join(out)


def _escaped(text: str) -> str:
    """Mermaid's entities: `#quot;` for a quote, `#35;` for a hash."""
    for char, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;"), ("%", "#37;")):
        text = text.replace(char, entity)
    return text
