"""The sections of a run's page, each as HTML; a page that is live puts new ones in the place of those that were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..show.text import plural
from .figures import edges, pes, slowest, spark, stages, time
from .folder import LOST, Run
from .markup import e, folded, remedy, table, text
from .picture import svg
from .report import why_none
from .seen import Section, Seen
from .shares import KINDS, Shares
from .sizes import size
from .table import took, when
from .verdict import Verdict, verdicts

MEANING = {"starting": "wiring its PEs", "preprocess": "its PEs' preprocess", "busy": "at work on items",
           "waiting": "for input, or for the turn of what it holds", "queued": "for its turn on a core or rank",
           "blocked": "on those that take what it writes",
           "postprocess": "its PEs' postprocess, and committing"}  # fmt: skip
#: Errors that are shown.
_ERRORS = 20


def heading(seen: Seen) -> Iterator[str]:
    run = seen.run
    about = run.about
    alive = f", last alive {about.get('alive')}" if run.state == LOST else ""
    yield (f'<div class="head"><h1>{e(about.get("name"))}</h1> for {e(about.get("target"))} '
           f'<span class="badge {e(run.state)}">{e(run.state)}</span><div class="about">{e(took(about))}{e(alive)}, '
           f"begun {e(when(about))} on {e(about.get('host'))}, {e(run.id)}</div></div>")


def verdict(seen: Seen) -> Iterator[str]:
    run, shares = seen.run, seen.shares
    if not seen.verdicts:
        kind = "bad" if seen.run.state in ("failed", LOST) else "none"
        yield f'<div class="verdict {kind}"><p class="sentence">{e(why_none(run, shares))}</p></div>'
    for at, each in enumerate(seen.verdicts):
        yield _verdict(each, "also" if at else "first")


def _verdict(found: Verdict, kind: str) -> str:
    helps = "".join(map(remedy, found.remedies))
    return (f'<div class="verdict {kind}"><p class="sentence">{e(found.sentence)}</p>'
            f"{f'<ul>{helps}</ul>' if helps else ''}</div>")


def errors(seen: Seen) -> Iterator[str]:
    run = seen.run
    for error in run.errors[:_ERRORS]:
        yield f'<pre class="failed">{e(error.get("message"))}</pre>'
    if len(run.errors) > _ERRORS:
        yield f"<p>and {e(plural(len(run.errors) - _ERRORS, 'error'))} more in {e(run.folder / 'errors')}</p>"
    for name, found in run.summary.get("failures", {}).items():
        yield (f"<p><b>{e(name)}</b>: {found.get('failed', 0):,} items failed, "
               f"{found.get('retried', 0):,} were tried again</p>")
        yield from (f"<pre>{e(each)}</pre>" for each in _list(found.get("messages"))[:3])
    for note in _list(run.plan.get("warnings")):
        yield f'<p class="soft">note: {e(note)}</p>'


def tiles(seen: Seen) -> Iterator[str]:
    run, shares = seen.run, seen.shares
    items = sum(counts.get("items") or 0 for counts in shares.edges.values())
    moved = sum(counts.get("bytes") or 0 for counts in shares.edges.values())
    cpu = [stage.cpu for stage in shares.stages]
    known = sum(spent for spent in cpu if spent is not None) if cpu and None not in cpu else None
    peaks: dict[tuple[str, Any], int] = {}
    for each in run.summary.get("instances", ()):
        process = str(each.get("host")), str(each.get("process"))
        peaks[process] = max(peaks.get(process, 0), each.get("peak") or 0)
    found = [(took(run.about), "the run took"), (f"{items:,}", "items on all edges"),
             (size(moved), "between stages"), ("" if known is None else f"{known:,.1f} s", "CPU of instances"),
             (f"{known / shares.moving:.1f}" if known and shares.moving else "", "cores busy on average"),
             (size(sum(peaks.values())), f"memory of {len(peaks):,} process{'' if len(peaks) == 1 else 'es'}"),
             (f"{sum(len(stage.instances) for stage in shares.stages):,}", "instances")]  # fmt: skip
    shown = (f'<div class="tile"><b>{e(value)}</b><span>{e(what)}</span></div>' for value, what in found if value)
    yield f'<div class="tiles">{"".join(shown)}</div>' if shares.stages else ""


def graph(seen: Seen) -> Iterator[str]:
    run, shares = seen.run, seen.shares
    drawn = svg(run, shares, seen.mark)
    if not drawn and shares.stages:
        yield f"<h2>Graph</h2><p>It has {len(shares.stages):,} stages, too many to draw: the tables have them.</p>"
    if drawn:
        buttons = ('<button type="button" id="graph-in" aria-label="larger">+</button>'
                   '<button type="button" id="graph-out" aria-label="smaller">\u2212</button>'
                   '<button type="button" id="fit" aria-pressed="false">fit to width</button>')
        yield f'<h2>Graph</h2><div class="tools">{buttons}{legend(tuple(KINDS))}</div>'
        yield f'<div class="graph" tabindex="0" role="region" aria-label="the graph">{drawn}</div>'


def legend(kinds: tuple[str, ...]) -> str:
    keys = (f'<span title="{MEANING[kind]}"><svg width="14" height="12"><rect width="14" height="12" class="{kind}"/>'
            f"</svg>{kind}</span>" for kind in kinds)
    return f'<span class="legend">{"".join(keys)}</span>'


def timeline(seen: Seen) -> Iterator[str]:
    if not seen.shares.stages:
        return
    buttons = "".join(f'<button type="button" id="{name}" aria-label="{said}" title="{said}">{face}</button>'
                      for name, face, said in (
                          ("zoom-in", "+", "zoom in"), ("zoom-out", "\u2212", "zoom out"),
                          ("zoom-left", "\u2190", "earlier"), ("zoom-right", "\u2192", "later"),
                          ("zoom-all", "all", "the whole run"), ("fold", "fold", "stages alone"),
                          ("unfold", "unfold", "all instances")))  # fmt: skip
    hints = ("Drag to zoom, double-click for all of it, ctrl and wheel zoom too; with the keyboard + \u2212 0 "
             "and arrows. A stretch shows shares of its time.")
    yield (f'<h2>Timeline</h2><div class="tools">{buttons}{legend(tuple(MEANING))}</div><div class="lanes" id="lanes">'
           f'</div><div class="tools"><span class="hints">{hints}</span></div>')


def charts(seen: Seen) -> Iterator[str]:
    shares = seen.shares
    if shares.stages:
        yield ('<h2>Throughput and memory</h2><div class="charts" id="plots"></div>'
               '<p class="soft" id="plots-none" hidden>The run was too short for figures over time.</p>')


def plan(seen: Seen) -> Iterator[str]:
    run = seen.run
    apart = [each for each in _list(run.plan.get("apart")) if isinstance(each, dict)]
    said, program, log = run.program("plan.txt"), run.program("job.py"), run.log
    if not (apart or said or program or log):
        return
    yield "<h2>Plan and program</h2>"
    if apart:
        rows = ([text(each.get("between")), text(each.get("because"))] for each in apart)
        yield folded("Why stages are apart", table(("<neighbours", "<reason"), rows))
    for title, found in (("The plan", said), ("The compiled program", program), ("Log", log)):
        if found:
            yield folded(title, f"<pre>{e(found)}</pre>")


def environment(seen: Seen) -> Iterator[str]:
    run = seen.run
    left_out = ("version", "id", "cause", "name")
    rows = [[text(name), text(value if isinstance(value, str) else json.dumps(value, default=str))]
            for name, value in run.about.items() if name not in left_out and value not in (None, {}, [])]  # fmt: skip
    yield folded("What was run, and where", table(("<", "<"), rows, "narrow"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


#: In the order of the page; by the id that each has there.
SECTIONS: dict[str, Section] = {
    "heading": heading, "verdict": verdict, "errors": errors, "tiles": tiles, "graph": graph, "timeline": timeline,
    "charts": charts, "stages": stages, "pes": pes, "edges": edges, "slowest": slowest, "spark": spark, "time": time,
    "plan": plan, "environment": environment,
}  # fmt: skip


def sections(run: Run, shares: Shares) -> dict[str, str]:
    """The HTML of each section; "" where the record has nothing for it."""
    seen = Seen(run, shares, verdicts(run))
    return {name: "".join(section(seen)) for name, section in SECTIONS.items()}
