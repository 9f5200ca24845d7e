"""The graph of a run's stages as an SVG: layers from left to right, each stage with what its instances were at."""

from __future__ import annotations

from html import escape
from typing import Any

import networkx as nx

from ..show.text import plural
from .folder import Run
from .report import size
from .shares import KINDS, Shares, Stage

#: Pixels: of a box, between boxes, around all.
_WIDE, _HIGH, _APART, _BETWEEN, _MARGIN = 190, 66, 150, 26, 12


def svg(run: Run, shares: Shares) -> str:
    """The picture; "" where the record has no figures."""
    if not shares.stages:
        return ""
    graph = _graph(run, shares)
    places = _places(graph)
    right = max(x for x, _ in places.values()) + _WIDE + _MARGIN
    low = max(y for _, y in places.values()) + _HIGH + _MARGIN
    drawn = [_edge(places[source], places[dest], found["channels"], shares)
             for source, dest, found in graph.edges(data=True) if source != dest]  # fmt: skip
    drawn += [_stage(stage, *places[stage.number]) for stage in shares.stages]
    return (f'<svg viewBox="0 0 {right} {low}" width="{right}" height="{low}" role="img" '
            f'aria-label="The stages of the run, and what they were at">{"".join(drawn)}</svg>')


def _graph(run: Run, shares: Shares) -> nx.DiGraph:
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_nodes_from(stage.number for stage in shares.stages)
    for channel in run.plan.get("channels", ()):
        ends = [shares.stage_of(channel[end][0]) for end in ("from", "to")]
        if ends[0] and ends[1]:
            source, dest = ends[0].number, ends[1].number
            graph.add_edge(source, dest)
            graph.edges[source, dest].setdefault("channels", []).append(channel)
    return graph


def _places(graph: nx.DiGraph) -> dict[int, tuple[float, float]]:
    """The upper left corner of each stage: in the layer behind all that send to it, in the order of those."""
    forward = nx.DiGraph()
    forward.add_nodes_from(graph.nodes)
    forward.add_edges_from((source, dest) for source, dest in graph.edges if source < dest)  # not what leads back
    rows: dict[int, float] = {}
    places: dict[int, tuple[float, float]] = {}
    for column, layer in enumerate(nx.topological_generations(forward)):
        def before(node: int) -> float:
            found = [rows[each] for each in forward.predecessors(node)]
            return sum(found) / len(found) if found else 0.0

        for row, node in enumerate(sorted(layer, key=lambda node: (before(node), node))):
            rows[node] = row
            places[node] = _MARGIN + column * (_WIDE + _APART), _MARGIN + row * (_HIGH + _BETWEEN)
    return places


def _name(channel: dict[str, Any]) -> str:
    """As the edge is called among figures."""
    return " -> ".join(".".join(map(str, channel[end])) for end in ("from", "to"))


def _edge(start: tuple[float, float], end: tuple[float, float], channels: list[dict[str, Any]], shares: Shares) -> str:
    x1, y1, x2, y2 = start[0] + _WIDE, start[1] + _HIGH / 2, end[0], end[1] + _HIGH / 2
    bend = max(40.0, (x2 - x1) / 2)
    said = []
    for channel in channels[:2]:
        counts = shares.edges.get(_name(channel), {})
        said.append(" ".join(filter(None, [f"{counts.get('items', 0):,}", size(counts.get("bytes")),
                                           "" if channel["exchange"] == "forward" else channel["exchange"]])))
    if len(channels) > 2:
        said.append(f"and {plural(len(channels) - 2, 'edge')} more")
    titles = "\n".join(f"{_name(c)}: {c['exchange']}" for c in channels)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2 - 6
    label = "".join(f'<text x="{x:.0f}" y="{y + 13 * at:.0f}" class="edge">{escape(line)}</text>'
                    for at, line in enumerate(said))
    return (f'<g><title>{escape(titles)}</title><path d="M{x1:.0f},{y1:.0f} C{x1 + bend:.0f},{y1:.0f} {x2 - bend:.0f},'
            f'{y2:.0f} {x2 - 6:.0f},{y2:.0f}" class="edge"/><path d="M{x2 - 7:.0f},{y2 - 4:.0f} l7,4 l-7,4 z" '
            f'class="tip"/>{label}</g>')


def _stage(stage: Stage, x: float, y: float) -> str:
    name = " > ".join(stage.pes)
    shown = name if len(name) <= 25 else f"{name[:24]}…"
    count = len(stage.instances)
    busy = f"{100 * stage.share('busy'):.0f} % busy"
    title = f"stage {stage.number}: {name}\n" + "\n".join(f"{100 * stage.share(kind):.0f} % {kind}" for kind in KINDS)
    return (f'<a href="#stage-{stage.number}"><g transform="translate({x:.0f},{y:.0f})"><title>{escape(title)}</title>'
            f'<rect width="{_WIDE}" height="{_HIGH}" rx="6" class="box"/>'
            f'<text x="8" y="18" class="name">{escape(shown)}</text>'
            f'<text x="8" y="34">stage {stage.number} x{count:,}, {busy}</text>'
            f'{bar(stage, 8, 44, _WIDE - 16, 14)}</g></a>')


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
