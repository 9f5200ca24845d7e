"""The sections of a run's page, each as HTML; a page that is live puts new ones in the place of those that were."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from ..show.text import plural
from .folder import LOST, Run
from .markup import Cell, Html, e, folded, number, remedy, table, text
from .picture import bar, svg
from .report import why_none
from .shares import KINDS, Shares, Stage
from .sizes import size
from .table import took, when
from .verdict import Verdict, verdicts

MEANING = {"starting": "wiring its PEs", "preprocess": "its PEs' preprocess", "busy": "at work on items",
           "waiting": "for input, or for the turn of what it holds", "queued": "for its turn on a core or rank",
           "blocked": "on those that take what it writes",
           "postprocess": "its PEs' postprocess, and committing"}  # fmt: skip
#: Errors that are shown, and lines of a table of edges.
_ERRORS, _EDGES = 20, 2000

@dataclass(frozen=True)
class Seen:
    """What sections are made of."""

    run: Run
    shares: Shares
    verdicts: list[Verdict]

    @property
    def limits(self) -> int | None:
        """The stage that limits the run."""
        return self.verdicts[0].stage if self.verdicts else None

    @property
    def mark(self) -> tuple[int, str] | None:
        """The stage that a picture is to mark, and with which words."""
        return marked(self.run, self.limits)


def marked(run: Run, limits: int | None) -> tuple[int, str] | None:
    """The stage that limits a run, or whose PE it failed in."""
    if limits is not None:
        return limits, "limits the run"
    pe = (run.about.get("cause") or {}).get("pe")
    found = (stage["number"] for stage in run.plan.get("stages", ()) if pe in stage["pes"])
    return next(((number, f"failed in {pe}") for number in found), None) if isinstance(pe, str) else None


Section = Callable[[Seen], Iterator[str]]


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


def stages(seen: Seen) -> Iterator[str]:
    shares = seen.shares
    if not shares.stages:
        return
    heads = ("<stage", "instances", "<", *(f"{kind} %" for kind in KINDS), "items", "items/s", "CPU s", "memory",
             "skew", "<busy, by instance")  # fmt: skip
    yield "<h2>Stages and instances</h2>"
    kinds = (" class=limits" if stage.number == seen.limits else "" for stage in shares.stages)
    rows = (f' id="stage-{stage.number}" data-stage="{stage.number}"{kind}'
            for stage, kind in zip(shares.stages, kinds, strict=True))
    yield table(heads, (_stage(stage, shares) for stage in shares.stages), attributes=rows)
    yield ('<p class="soft">Skew is how many times as long the busiest instance was busy as the others on average. A '
           "stage's name opens its instances.</p>")


def _stage(stage: Stage, shares: Shares) -> list[Cell]:
    items = sum(each.items for each in stage.instances)
    peak = max((each.peak or 0 for each in stage.instances), default=0)
    name = Html(f'<button type="button" class="open" aria-expanded="false">{e(stage.title)}</button>')
    return [Cell(name, stage.number, "text"), number(len(stage.instances)),
            Cell(Html(f'<svg width="160" height="12">{bar(stage, 0, 0, 160, 12)}</svg>'), stage.share("busy")),
            *(number(round(stage.share(kind), 4), f"{100 * stage.share(kind):.0f}") for kind in KINDS),
            number(items), number(round(items / shares.moving), None) if shares.moving else number(None),
            number(stage.cpu, None if stage.cpu is None else f"{stage.cpu:,.1f}"), number(peak, size(peak)),
            number(stage.skew, f"{stage.skew:.1f}" if len(stage.instances) > 1 else ""),
            Cell("", stage.skew, "text spark-of")]


def pes(seen: Seen) -> Iterator[str]:
    run, shares = seen.run, seen.shares
    found = run.plan.get("pes", ())
    if not found:
        return
    share = {pe: mine["share"] for each in run.summary.get("profile") or () for pe, mine in each["pes"].items()}
    received = run.summary.get("pes") if isinstance(run.summary.get("pes"), dict) else {}
    of = {pe: stage["number"] for stage in run.plan.get("stages", ()) for pe in stage["pes"]}
    rows = []
    for pe in found:
        name, mine = pe["name"], share.get(pe["name"])
        got = (received or {}).get(name)
        items = got.get("received") if isinstance(got, dict) else None
        rows.append([text(name), number(of.get(name)), number(items if isinstance(items, int) else None),
                     *([number(mine, "" if mine is None else f"{100 * mine:.0f}")] if share else ()),
                     _count(pe.get("instances"), shares.stage_of(name)),
                     *(text(pe.get(field, "")) for field in ("because", "why", "remedy"))])  # fmt: skip
    yield "<h2>PEs, and why each has so many instances</h2>"
    yield table(("<PE", "stage", "items", *(("of its stage's work %",) if share else ()), "instances", "<because",
                 "<state", "<what would make it more"), rows)  # fmt: skip


def _count(planned: Any, stage: Stage | None) -> Cell:
    """How many instances a PE had; where that isn't known, what the plan says: a number, or the run's width."""
    return number(len(stage.instances)) if stage is not None else text("" if planned is None else planned)


def edges(seen: Seen) -> Iterator[str]:
    run, shares = seen.run, seen.shares
    if not shares.edges:
        return
    exchange = {" -> ".join(".".join(map(str, channel[end])) for end in ("from", "to")): channel
                for channel in run.plan.get("channels", ())}
    rows = []
    for edge, counts in list(shares.edges.items())[:_EDGES]:
        channel, items, moved = exchange.get(edge), counts.get("items") or 0, counts.get("bytes")
        how = "call" if channel is None else channel["exchange"] + (
            f" {channel['fields']}" if channel.get("fields") else "")  # fmt: skip
        lanes = (counts.get("lanes") or {}).get("items") or []
        middle = median(lanes) if lanes else 0
        skew = max(lanes) / middle if middle else None
        rows.append([text(edge), text(how), number(items), number(moved, size(moved)) if moved else number(None),
                     number(moved / items, size(moved / items)) if moved and items else number(None),
                     number(skew, "" if skew is None else f"{skew:.1f}"),
                     Cell("", skew or 0, "text spark-of", data_lanes=edge)])  # fmt: skip
    yield "<h2>Edges</h2>"
    yield table(("<edge", "<exchange", "items", "bytes", "bytes/item", "largest over median lane", "<lanes"), rows)


def slowest(seen: Seen) -> Iterator[str]:
    run = seen.run
    found = run.summary.get("slowest") or ()
    if found:
        yield "<h2>Slowest items</h2>"
        yield table(("<PE", "stage", "instance", "item", "seconds"), (
            [text(each["pe"]), number(each["stage"]), number(each["instance"]), number(each["item"]),
             number(each["seconds"], f"{each['seconds']:.3f}")] for each in found), "narrow sortable")  # fmt: skip
        yield '<p class="soft">An item is numbered from 1, among those that the PE\'s instance got.</p>'


def spark(seen: Seen) -> Iterator[str]:
    run = seen.run
    found = run.summary.get("spark") or ()
    if found:
        fields = ("tasks", "failed", "seconds", "longest", "median", "gc", "read", "written", "spilled")
        yield "<h2>Spark's own stages</h2>"
        yield table(("id", "<name", "tasks", "failed", "seconds of tasks", "longest", "median", "GC s", "shuffle read",
                     "shuffle written", "spilled"), (
            [number(each.get("id")), text(each["name"]), *(_spark(field, each.get(field)) for field in fields)]
            for each in found))  # fmt: skip
    elif run.about.get("spark_connect"):
        yield ("<h2>Spark's own stages</h2><p>Spark Connect doesn't tell its clients of them: the pages of its server, "
               "and of a history server, do.</p>")


def _spark(field: str, value: Any) -> Cell:
    if value is None or field in ("tasks", "failed"):
        return number(value)
    return number(value, size(value) if field in ("read", "written", "spilled") else f"{value:,.2f}")


def time(seen: Seen) -> Iterator[str]:
    shares = seen.shares
    if shares.phases:
        yield "<h2>Where the run's time went</h2>"
        yield table(("<the run was", "seconds"), ([text(what), number(spent, f"{spent:,.2f}")]
                                                  for what, spent in shares.phases.items()), "narrow sortable")


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
