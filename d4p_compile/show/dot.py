"""A plan in Graphviz's language: stages as clusters, function calls as thin arrows, exchanges as thick ones,
dashed where they lead back."""

from __future__ import annotations

from ..ir.plan import Plan
from .arrows import arrows, results


def dot(plan: Plan) -> str:
    """The text for `dot -Tsvg`."""
    node = {pe.name: f"p{i}" for i, pe in enumerate(plan.graph.pes)}
    out = [
        f"digraph {_quoted(plan.graph.name)} {{",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"];',
        '  edge [fontname="sans-serif", fontsize=10];',
    ]
    look = 'style="rounded,filled"; color=gray90; fontname="sans-serif";'
    for stage in plan.stages:
        out += [
            f"  subgraph cluster_{stage.number} {{",
            f'    label="stage {stage.number} {stage.times}"; {look}',
            *(f"    {node[pe]} [label={_quoted(pe)}];" for pe in stage.pes),
            "  }",
        ]
    for arrow in arrows(plan):
        settings = [f"label={_quoted(arrow.label)}"] if arrow.label else []
        settings += ["penwidth=2"] if arrow.exchange else []
        settings += ["style=dashed", "constraint=false"] if arrow.back else []
        shown = f" [{', '.join(settings)}]" if settings else ""
        out.append(f"  {node[arrow.source]} -> {node[arrow.dest]}{shown};")
    for i, (pe, label) in enumerate(results(plan)):
        out += [f'  r{i} [label={_quoted(label)}, shape=plaintext, style=""];', f"  {node[pe]} -> r{i} [style=dashed];"]
    return "\n".join([*out, "}"])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
