"""The sections of a page that are tables of figures: by stage, PE and edge; slowest items, stages of Spark, phases."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

from .markup import Cell, Html, e, number, table, text
from .picture import bar
from .seen import Seen
from .shares import KINDS, Shares, Stage
from .sizes import size

#: Lines of a table of edges.
_EDGES = 2000


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
