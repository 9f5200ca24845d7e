"""The graph of a run: its stages with their PEs, what their instances were at, and items and bytes on the edges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..show.drawing import INNER, MOST, Box, Join, Line, picture
from ..show.text import plural
from .folder import Run
from .shares import KINDS, Shares, Stage
from .sizes import size

#: Of a stage that is at one thing for so much of its time its box has that colour.
_MOSTLY = 0.5


def svg(run: Run, shares: Shares, mark: tuple[int, str] | None = None, link: str = "#stage-") -> str:
    """The picture; "" where the record has neither a plan nor figures, or too many stages to draw. `mark` is the number
    of a stage that stands out and what is said of it; boxes lead to a `link` with their number, if there is one."""
    stages = {stage.number: stage for stage in shares.stages}
    planned = {stage["number"]: tuple(stage["pes"]) for stage in run.plan.get("stages", ())}
    pes = {pe["name"]: pe for pe in run.plan.get("pes", ())}
    named = {number: stage.pes for number, stage in stages.items()} | planned
    if not named or len(named) > MOST:
        return ""
    calls = _calls(named, shares)
    shown = _profile(run)
    tags = dict([mark] if mark else [])
    boxes = [_box(number, names, stages.get(number), pes, calls.get(number, ()), shown.get(number, {}),
                  tags.get(number, "")) for number, names in sorted(named.items())]  # fmt: skip
    joins = [_join(channel, shares) for channel in run.plan.get("channels", ())]
    return picture(boxes, joins, "The graph of the run: its stages, and what they were at", link)


def _calls(named: Mapping[int, tuple[str, ...]], shares: Shares) -> dict[int, list[tuple[str, str]]]:
    """Of each stage the PEs that call each other: edges among the figures that lead from one to another of them."""
    of = {pe: number for number, pes in named.items() for pe in pes}
    found: dict[int, list[tuple[str, str]]] = {}
    for edge in shares.edges:
        ends = tuple(end.rpartition(".")[0] for end in edge.split(" -> "))
        if len(ends) == 2 and of.get(ends[0]) is not None and of.get(ends[0]) == of.get(ends[1]):
            found.setdefault(of[ends[0]], []).append((ends[0], ends[1]))
    return found


def _profile(run: Run) -> dict[int, dict[str, float]]:
    """How the work of a stage falls to its PEs, where that was measured."""
    found: dict[int, dict[str, float]] = {}
    for each in run.summary.get("profile") or ():
        found[each["stage"]] = {pe: mine["share"] for pe, mine in each["pes"].items()}
    return found


def _box(number: int, names: tuple[str, ...], stage: Stage | None, pes: Mapping[str, Any],
         calls: Any, profile: Mapping[str, float], tag: str) -> Box:
    lines = []
    for name in names:
        pe, share = pes.get(name, {}), profile.get(name)
        title = "; ".join(filter(None, [name, str(pe.get("because", "")), str(pe.get("why", ""))]))
        lines.append(Line(name, "" if share is None else f"{100 * share:.0f} %", title, bool(pe.get("keeps_state")),
                          share or 0.0))
    head = f"stage {number}"
    if stage is None:
        return Box(number, head, "no figures", tuple(lines), "", "", "marked" if tag else "", tag, tuple(calls))
    busy = f"{100 * stage.share('busy'):.0f} % busy"
    title = f"stage {number}: {' > '.join(names)}, {plural(len(stage.instances), 'instance')}\n" + "\n".join(
        f"{100 * stage.share(kind):.0f} % {kind}" for kind in KINDS)
    mostly = max(KINDS, key=stage.share)
    kind = f"is-{mostly}" if stage.share(mostly) >= _MOSTLY else ""
    return Box(number, head, f"x{len(stage.instances):,} {busy}", tuple(lines), title, bar(stage, 0, 0, INNER, 14),
               f"{kind} marked" if tag else kind, tag, tuple(calls))


def _join(channel: dict[str, Any], shares: Shares) -> Join:
    name = " -> ".join(".".join(map(str, channel[end])) for end in ("from", "to"))
    counts = shares.edges.get(name, {})
    items, moved = counts.get("items"), counts.get("bytes")
    said = [" ".join(filter(None, ["" if items is None else f"{items:,}", f"({size(moved)})" if moved else ""]))]
    fields = f" {channel['fields']}" if channel.get("fields") else ""
    exchange = "" if channel["exchange"] == "forward" else f"{channel['exchange']}{fields}"
    title = f"{name}: {channel['exchange']}{fields}" + ("" if items is None else f", {plural(items, 'item')}")
    title += f", {size(moved)}" if moved else ""
    wide = 1.2 + min(2.4, math.log10(items) * 0.4) if items and items > 0 else 1.2
    return Join(str(channel["from"][0]), str(channel["to"][0]), tuple(filter(None, [*said, exchange])), title,
                bool(channel.get("back")), wide)


def bar(of: Any, x: float, y: float, width: float, height: float) -> str:
    """A bar of the kinds of an instance's or a stage's time, as parts of an SVG. Each kind has a pattern of its own, so
    that nobody need tell colours apart."""
    drawn, at = [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="nothing"/>'], x
    for kind in KINDS:
        wide = width * of.share(kind)
        if wide > 0.3:
            drawn.append(f'<rect x="{at:.1f}" y="{y}" width="{wide:.1f}" height="{height}" class="{kind}"/>')
        at += wide
    return "".join(drawn)
