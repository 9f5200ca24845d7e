"""A run as one page of HTML: no request leaves it, so that it opens from a file, anywhere and offline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from .folder import Run
from .picture import bar, svg
from .report import size, why_none
from .shares import KINDS, Shares
from .table import took, when
from .verdict import verdicts

_STYLE = """
:root {color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #8885; --busy: #0072b2; --waiting: #d9dde1;
  --queued: #f0e442; --blocked: #d55e00}
@media (prefers-color-scheme: dark) {:root {--ink: #e6e9ec; --paper: #16191d; --waiting: #444b53}}
body {font: 14px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  padding: 16px 24px; max-width: 1200px}
h1 {font-size: 20px; margin: 0} h2 {font-size: 15px; margin: 28px 0 6px}
.verdict {font-size: 19px; margin: 18px 0 4px; border-left: 5px solid var(--blocked); padding-left: 12px}
.none {border-color: var(--line)}
.graph {overflow-x: auto} svg text {font: 12px system-ui, sans-serif; fill: var(--ink)}
svg .name {font-weight: 600} svg text.edge {text-anchor: middle; font-size: 11px}
svg path.edge {fill: none; stroke: var(--ink); opacity: .5; stroke-width: 1.5} svg .tip {fill: var(--ink); opacity: .6}
svg .box {fill: var(--paper); stroke: var(--ink)} svg a:focus .box {stroke-width: 3}
.busy {fill: var(--busy)} .waiting {fill: var(--waiting)} .queued {fill: url(#dots)} .blocked {fill: url(#lines)}
.nothing {fill: none; stroke: var(--line)}
table {border-collapse: collapse}
td, th {padding: 2px 12px 2px 0; text-align: right; border-bottom: 1px solid var(--line)}
td:first-child, th:first-child {text-align: left} td svg {vertical-align: middle}
pre {overflow: auto; max-height: 32em; border: 1px solid var(--line); padding: 8px; white-space: pre-wrap}
summary {cursor: pointer; font-weight: 600; margin-top: 12px}
.failed {border-color: var(--blocked)}
@media print {details {display: block} pre {max-height: none}}
""".strip()
#: Patterns of kinds, shared by all pictures of the page, and what they mean.
_PATTERNS = ('<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs>'
             '<pattern id="dots" width="4" height="4" patternUnits="userSpaceOnUse">'
             '<rect width="4" height="4" style="fill:var(--queued)"/><circle cx="1" cy="1" r=".8" fill="#333"/>'
             "</pattern>"
             '<pattern id="lines" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
             '<rect width="5" height="5" style="fill:var(--blocked)"/><rect width="1.5" height="5" fill="#0008"/>'
             "</pattern></defs></svg>")  # fmt: skip
_MEANING = {"busy": "at work on items", "waiting": "for input, or for the turn of what it holds",
            "queued": "for its turn on a core or rank", "blocked": "on those that take what it writes"}
#: Instances that are listed in all, the busiest of each stage first, and of each stage at least.
_INSTANCES, _LEAST = 600, 8


def page(run: Run) -> str:
    """The page."""
    shares, about = Shares(run), run.about
    title = f"{about.get('name')} for {about.get('target')}"
    body = [
        f"<h1>{_e(title)}</h1><div>{_e(run.state)}, {_e(took(about))}, {_e(when(about))} on {_e(about.get('host'))}, "
        f"{_e(run.id)}</div>", *_verdict(run, shares), *_errors(run),
    ]  # fmt: skip
    if shares.stages:
        body += [f'<h2>Stages</h2><div class="graph">{svg(run, shares)}</div>', _legend(), *_stages(shares)]
        body += _edges(shares)
    body += ["<h2>Time</h2>", _table(("the run was", "seconds"), (
        (what, f"{spent:.2f}") for what, spent in shares.phases.items()))]  # fmt: skip
    body += [*_plan(run), *_texts(run), *_environment(run)]
    return (f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_e(title)}</title>'
            '<meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
            f"<style>{_STYLE}</style></head><body>{_PATTERNS}{''.join(body)}</body></html>\n")


def _e(said: Any) -> str:
    return escape(str(said))


def _verdict(run: Run, shares: Shares) -> Iterator[str]:
    found = verdicts(run)
    if not found:
        yield f'<p class="verdict none">{_e(why_none(run, shares))}</p>'
    for verdict in found:
        yield f'<p class="verdict">{_e(verdict.sentence)}</p>'
        yield f"<ul>{''.join(f'<li>{_e(remedy)}</li>' for remedy in verdict.remedies)}</ul>"


def _errors(run: Run) -> Iterator[str]:
    for error in run.errors[:20]:
        yield f'<pre class="failed">{_e(error.get("message"))}</pre>'
    for name, found in run.summary.get("failures", {}).items():
        yield f"<p>{_e(name)}: {found.get('failed', 0):,} items failed, {found.get('retried', 0):,} tried again</p>"


def _legend() -> str:
    keys = (f'<svg width="14" height="12"><rect width="14" height="12" class="{kind}"/></svg> {kind} {_MEANING[kind]}'
            for kind in KINDS)
    return f"<p>{' &nbsp; '.join(keys)}</p>"


def _stages(shares: Shares) -> Iterator[str]:
    heads = ("", "", *KINDS, "items", "CPU s", "memory")
    most = max(_LEAST, _INSTANCES // len(shares.stages))
    for stage in shares.stages:
        ordered = sorted(stage.instances, key=lambda each: -each.of("busy"))[:most]
        rows = [(f"instance {each.number}", _bar(each), *_shares(each), f"{each.items:,}",
                 "" if each.cpu is None else f"{each.cpu:.1f}", size(each.peak)) for each in ordered]
        peak = max((each.peak or 0 for each in stage.instances), default=0)
        whole = (stage.title, _bar(stage), *_shares(stage), f"{sum(each.items for each in stage.instances):,}",
                 "" if stage.cpu is None else f"{stage.cpu:.1f}", size(peak))  # fmt: skip
        yield f'<section id="stage-{stage.number}">{_table(heads, [whole])}'
        if len(stage.instances) > 1:
            more = f", the busiest {most:,}" if len(stage.instances) > most else ""
            yield f"<details><summary>{len(stage.instances):,} instances{more}</summary>{_table(heads, rows)}</details>"
        yield "</section>"


def _bar(of: Any) -> str:
    return _Drawn(f'<svg width="160" height="12">{bar(of, 0, 0, 160, 12)}</svg>')


def _shares(of: Any) -> list[str]:
    return [f"{100 * of.share(kind):.0f} %" for kind in KINDS]


def _edges(shares: Shares) -> Iterator[str]:
    yield "<h2>Edges</h2>"
    yield _table(("", "items", "sent"), ((edge, f"{counts.get('items', 0):,}", size(counts.get("bytes")))
                                         for edge, counts in shares.edges.items()))  # fmt: skip


def _plan(run: Run) -> Iterator[str]:
    pes = run.plan.get("pes", ())
    if not pes:
        return
    rows = [(pe["name"], pe.get("instances"), pe.get("because", ""), pe.get("why", "")) for pe in pes]
    why = _table(("PE", "instances", "because", "state"), rows)
    yield f"<details><summary>Why so many instances</summary>{why}</details>"


def _texts(run: Run) -> Iterator[str]:
    texts = {"The plan": run.program("plan.txt"), "The program": run.program("job.py"), "Log": run.log}
    for title, said in texts.items():
        if said:
            yield f"<details><summary>{title}</summary><pre>{_e(said)}</pre></details>"


def _environment(run: Run) -> Iterator[str]:
    left_out = ("version", "id", "cause", "name")
    rows = [(name, value if isinstance(value, str) else json.dumps(value, default=str))
            for name, value in run.about.items() if name not in left_out and value not in (None, {}, [])]  # fmt: skip
    yield f"<details><summary>What was run, and where</summary>{_table(('', ''), rows)}</details>"


def _table(heads: Iterable[Any], rows: Iterable[Iterable[Any]]) -> str:
    """A table; a cell that is an SVG stays one."""
    head = "".join(f"<th>{_e(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(each)}</td>' for each in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(said: Any) -> str:
    return said if isinstance(said, _Drawn) else _e(said)


class _Drawn(str):
    """A text that is HTML already."""
