"""A plan as HTML for notebooks and mail: its graph, the same in words, and its reasons; self-contained, without
scripts; looks right on light and dark pages."""

from __future__ import annotations

from html import escape

from ..ir.exchange import Kind
from ..ir.graph import TILES, WIDTH
from ..ir.plan import Plan, Stage
from .drawing import MOST, STYLE, Box, Join, Line, picture
from .text import described, explained, limit, on_error, plural, size, state, times

#: Of a longer stage the first and last PEs are shown and the rest is folded.
_SHOWN = 12

_STYLE = """
.d4p {font: 13px/1.5 system-ui, sans-serif}
.d4p .graph {overflow-x: auto; margin: 6px 0}
.d4p p, .d4p .stage {max-width: 60em}
.d4p .stage {border: 1px solid #8886; border-radius: 6px; padding: 6px 10px; margin: 4px 0}
.d4p .number {font-weight: 600; margin-right: 8px}
.d4p .times {opacity: .7; margin-right: 8px}
.d4p .pe {display: inline-block; border: 1px solid #48a; border-radius: 4px; padding: 0 6px; margin: 1px 0}
.d4p .keeps {border-color: #c73; border-width: 1px 1px 1px 4px}
.d4p .to {margin-left: 2em; font-size: 12px}
.d4p .to b {font-weight: 600}
.d4p .back {font-style: italic}
.d4p details {display: inline}
.d4p details.more {display: block; margin-top: 6px}
.d4p table {border-collapse: collapse; font-size: 12px}
.d4p td, .d4p th {text-align: left; padding: 1px 12px 1px 0; vertical-align: top; border: 0; background: none}
""".strip() + "\n" + STYLE


def html(plan: Plan) -> str:
    """One `<div>` with its own style."""
    head = f"<b>{escape(plan.graph.name)}</b> for {escape(plan.target)}: {escape(size(plan))}"
    parts = [f'<div class="d4p"><style>{_STYLE}</style>', f"<div>{head}</div>"]
    parts += [f'<div class="graph">{graph(plan)}</div>'] if len(plan.stages) <= MOST else []
    parts.append('<details class="more"><summary>in words</summary>')
    parts += [_stage(plan, stage) for stage in plan.stages]
    parts.append("</details>")
    if any(stage.instances == WIDTH for stage in plan.stages):
        parts.append("<div>W is the engine's width, known when the program starts</div>")
    if any(stage.instances == TILES for stage in plan.stages):
        parts.append("<div>T is the number of tiles of pairs, known when the program starts</div>")
    parts += [f"<div>{escape(line)}</div>" for line in limit(plan)]
    parts += [f"<div>on error of {escape(names)}: {escape(policy)}</div>" for names, policy in on_error(plan)]
    parts += [f"<div>note: {escape(note)}</div>" for note in (*plan.graph.warnings, *plan.notes)]
    if plan.apart:
        parts.append(_folded("why stages are apart", ("neighbours", "reason"), plan.apart))
    why = [(pe.name, times(pe.instances), pe.because, state(pe)) for pe in plan.graph.pes]
    parts.append(_folded("why so many instances", ("PE", "instances", "because", "state"), why))
    page = "\n".join([*parts, "</div>"])
    return page.encode("ascii", "xmlcharrefreplace").decode()  # a file that says nothing of its encoding shows it too


def graph(plan: Plan) -> str:
    """The picture of the plan's graph, as an SVG."""
    results = {pe for pe, _ in plan.graph.results()}
    boxes = []
    for stage in plan.stages:
        lines = tuple(_line(plan, name, name in results) for name in stage.pes)
        calls = tuple((edge.source, edge.dest) for edge in plan.hops(stage))
        boxes.append(Box(stage.number, f"stage {stage.number}", stage.times, lines, calls=calls))
    joins = []
    for channel in plan.channels:
        exchange = channel.edge.exchange
        how = () if exchange.kind is Kind.FORWARD else (str(exchange),)
        said = (("leads back",) if channel.edge.back else ()) + how
        joins.append(Join(channel.edge.source, channel.edge.dest, said, f"{channel}  {described(plan, channel)}",
                          channel.edge.back))
    return picture(boxes, joins, f"The graph of {plan.graph.name}: {size(plan)}")


def _line(plan: Plan, name: str, result: bool) -> Line:
    pe = plan.graph.by_name[name]
    return Line(name, "result" if result else "", f"{pe.cls}; {explained(plan, pe)}", pe.state.keeps)


def _stage(plan: Plan, stage: Stage) -> str:
    chips = [_pe(plan, name) for name in stage.pes]
    if len(chips) > _SHOWN:
        between = len(chips) - _SHOWN
        chips = [*chips[: _SHOWN - 2], f"<details><summary>{plural(between, 'PE')} more</summary>"
                 f"{' &rsaquo; '.join(chips[_SHOWN - 2 : -2])}</details>", *chips[-2:]]
    lines = [f'<div class="stage"><span class="number">stage {stage.number}</span>'
             f'<span class="times">{stage.times}</span>{" &rsaquo; ".join(chips)}']
    lines += [f'<div class="to{" back" if c.edge.back else ""}">{escape(str(c.edge)).replace("-&gt;", "&rarr;")} '
              f'<b>{escape(described(plan, c))}</b></div>'
              for c in plan.channels_from(stage)]
    inside = set(stage.pes)
    lines += [f'<div class="to">{escape(f"{pe}.{port}")} <b>result</b></div>'
              for pe, port in plan.graph.results() if pe in inside]
    return "\n".join([*lines, "</div>"])


def _pe(plan: Plan, name: str) -> str:
    pe = plan.graph.by_name[name]
    kind = "pe keeps" if pe.state.keeps else "pe"
    title = f"{pe.cls}; {explained(plan, pe)}"
    return f'<span class="{kind}" title="{escape(title)}">{escape(name)}</span>'


def _folded(title: str, heads: tuple[str, ...], rows) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return (f'<details class="more"><summary>{escape(title)}</summary>\n'
            f"<table><tr>{head}</tr>\n{body}\n</table></details>")
