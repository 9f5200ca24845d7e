"""The picture of a graph of stages as an SVG: a box a stage with its PEs in it, one a line, calls between them on the
left, and the edges between boxes. The same for a plan, and for a run, which has figures beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from .labels import Join, Labels, texts, width
from .layout import Layout, Point, layout

#: Pixels: of a box, its head, a line and the bar below; before and behind names; around all; room for what edges say.
WIDE, _HEAD, _LINE, _BAR, _LEFT, _RIGHT, _MARGIN, _APART = 208, 26, 22, 20, 26, 10, 14, (142, 26)
#: How much wider than the widest text of an edge the room for it is, and how high what stands over a box.
_AROUND, _TAG = 24, 18
#: How far what leads back reaches beyond the boxes that it joins.
_ROUND = 24
#: How wide the line of a PE is.
_ROW = WIDE - _LEFT + 6 - _RIGHT
#: Of a box with more PEs the first and the last are drawn.
_MOST, _FIRST, _LAST = 14, 9, 3
#: Characters of a name.
_NAME = 22
#: Boxes of a picture at most: of more nobody sees anything, and it were larger than all the rest of its page.
MOST = 300
#: For whatever page the picture is in, light or dark.
STYLE = """
.d4p-graph {font: 12px system-ui, sans-serif; max-width: none}
.d4p-graph text {fill: currentColor; stroke: none}
.d4p-graph .box {fill: var(--box, #8881); stroke: currentColor; stroke-opacity: .45}
.d4p-graph .head {font-weight: 600}
.d4p-graph .right {text-anchor: end; opacity: .75}
.d4p-graph .pe {fill: var(--pe, #8882)}
.d4p-graph .part {fill: #0072b2; fill-opacity: .4}
.d4p-graph .keeps {fill: #d55e00}
.d4p-graph a {color: inherit}
.d4p-graph .call, .d4p-graph .edge {fill: none; stroke: currentColor; stroke-opacity: .55}
.d4p-graph .back {stroke-dasharray: 6 4}
.d4p-graph .tip {fill: currentColor; fill-opacity: .65}
.d4p-graph .said {text-anchor: middle; font-size: 11px}
.d4p-graph text.said {stroke: var(--under, none); stroke-width: 3px; paint-order: stroke; stroke-linejoin: round}
.d4p-graph a:focus {outline: none}
.d4p-graph a:focus .box, .d4p-graph a:hover .box {stroke-width: 2.5; stroke-opacity: 1}
.d4p-graph .tag {font-weight: 600}
.d4p-graph .marked .box {stroke: #d55e00; stroke-width: 3; stroke-opacity: 1}
""".strip()


@dataclass(frozen=True)
class Line:
    """A PE of a box. `said` stands on its right, `title` is what a pointer over it shows, `share` is how much of the
    line is filled."""

    name: str
    said: str = ""
    title: str = ""
    keeps: bool = False
    share: float = 0.0


@dataclass(frozen=True)
class Box:
    """A stage. `head` and `right` stand above its PEs, `bar` is an SVG below them, as wide as `INNER`; `tag` stands
    over the box."""

    number: int
    head: str
    right: str
    lines: tuple[Line, ...]
    title: str = ""
    bar: str = ""
    kind: str = ""
    tag: str = ""
    calls: tuple[tuple[str, str], ...] = field(default=())


#: How wide a bar is.
INNER = WIDE - 2 * _RIGHT


def picture(boxes: Sequence[Box], joins: Sequence[Join], label: str, link: str = "") -> str:
    """The SVG. With a `link`, such as "#stage-", each box leads there."""
    shown = {box.number: _shown(box) for box in boxes}
    of = {line.name: box.number for box in boxes for line in box.lines}
    known = [join for join in joins if join.source in of and join.dest in of]
    sizes = {box.number: (float(WIDE), _height(shown[box.number], box)) for box in boxes}
    apart = max([_APART[0], *(width(join) + _AROUND for join in known)]), _APART[1]
    placed = layout(sizes, [(of[join.source], of[join.dest]) for join in known if not join.back], apart)
    ports = {line.name if line else None: at for box in boxes for at, line in _rows(shown[box.number])}
    folded = {box.number: next((at for at, line in _rows(shown[box.number]) if line is None), 0.0) for box in boxes}

    def port(pe: str, right: bool) -> Point:
        x, y = placed.at[of[pe]]
        return x + (WIDE if right else 0), y + ports.get(pe, folded[of[pe]])

    def way(join: Join) -> list[Point]:
        """Of an edge that leads on: past the boxes of the layers between."""
        bends = placed.ways.get((of[join.source], of[join.dest]), ())
        x, y = port(join.dest, False)
        return [port(join.source, True), *(point for x, y in bends for point in ((x, y), (x + WIDE, y))), (x - 8, y)]

    wide, high = placed.size
    lower = high
    ways = {join: way(join) for join in known
            if not join.back and (key := (of[join.source], of[join.dest])) not in placed.back and key[0] != key[1]}
    rooms = [(x, y - (_TAG if box.tag else 0), x + WIDE, y + sizes[box.number][1])
             for box in boxes for x, y in [placed.at[box.number]]]  # fmt: skip
    drawn, labels = [], Labels(known, rooms, ways.values())
    for join in known:
        if join in ways:
            drawn.append(_leads_on(join, ways[join], labels))
        else:
            lower += 16
            drawn.append(_leads_back(join, port(join.source, True), port(join.dest, False), lower))
    drawn += [_box(box, shown[box.number], placed, link) for box in boxes]
    left = _MARGIN + (_ROUND if lower > high else 0)
    across, down = wide + 2 * left, lower + 2 * _MARGIN
    return (f'<svg class="d4p-graph" viewBox="{-left} {-_MARGIN} {across:.0f} {down:.0f}" width="{across:.0f}" '
            f'height="{down:.0f}" role="img" aria-label="{escape(label)}">{"".join(drawn)}</svg>')


def _shown(box: Box) -> list[Line | None]:
    """The lines that are drawn; None stands for those between."""
    if len(box.lines) <= _MOST:
        return list(box.lines)
    return [*box.lines[:_FIRST], None, *box.lines[-_LAST:]]


def _height(shown: Sequence[Line | None], box: Box) -> float:
    return _HEAD + _LINE * len(shown) + (_BAR if box.bar else 0) + 6.0


def _rows(shown: Sequence[Line | None]) -> Iterator[tuple[float, Line | None]]:
    """The middle of each line, from the top of its box."""
    for number, line in enumerate(shown):
        yield _HEAD + _LINE * (number + 0.5), line


def _box(box: Box, shown: Sequence[Line | None], placed: Layout, link: str) -> str:
    (x, y), high = placed.at[box.number], _height(shown, box)
    middles = {line.name: middle for middle, line in _rows(shown) if line}
    parts = [f"<title>{escape(box.title)}</title>" if box.title else "",
             f'<rect class="box" width="{WIDE}" height="{high:.0f}" rx="7"/>',
             f'<text class="head" x="{_RIGHT}" y="17">{escape(box.head)}</text>',
             f'<text class="right" x="{WIDE - _RIGHT}" y="17">{escape(box.right)}</text>']
    for middle, line in _rows(shown):
        parts.append(_line(middle, line, len(box.lines) - len(shown) + 1))
    parts += [_call(middles[a], middles[b]) for a, b in box.calls if a in middles and b in middles]
    parts += [f'<text class="tag" x="4" y="-5">{escape(box.tag)}</text>'] if box.tag else []
    if box.bar:
        parts.append(f'<g transform="translate({_RIGHT},{high - _BAR - 2:.0f})">{box.bar}</g>')
    whole = f'<g class="stage {box.kind}" transform="translate({x:.0f},{y:.0f})">{"".join(parts)}</g>'
    return f'<a href="{link}{box.number}">{whole}</a>' if link else whole


def _line(middle: float, line: Line | None, more: int) -> str:
    top = f"{middle - _LINE / 2 + 1.5:g}"
    if line is None:
        return f'<text x="{_LEFT}" y="{middle + 4:.0f}" opacity=".7">… {more:,} more PEs</text>'
    room = max(8, _NAME - max(0, len(line.said) - 4))
    name = line.name if len(line.name) <= room else f"{line.name[: room - 1]}…"
    parts = [_filled("pe", top, _ROW)]
    parts += [_filled("part", top, _ROW * min(line.share, 1))] if line.share else []
    parts += [_filled("keeps", top, 3)] if line.keeps else []
    parts.append(f'<text x="{_LEFT + 2}" y="{middle + 4:.0f}">{escape(name)}</text>')
    if line.said:
        parts.append(f'<text class="right" x="{WIDE - _RIGHT - 4}" y="{middle + 4:.0f}">{escape(line.said)}</text>')
    return f"<g><title>{escape(line.title or line.name)}</title>{''.join(parts)}</g>"


def _filled(kind: str, top: str, wide: float) -> str:
    """A part of a PE's line, from its left."""
    return f'<path class="{kind}" d="M{_LEFT - 6} {top}h{wide:.3g}v{_LINE - 3}h-{wide:.3g}z"/>'


def _call(start: float, end: float) -> str:
    """A call from one PE of a box to another, on the left of their names."""
    x = _LEFT - 7
    out = min(14.0, 5 + abs(end - start) / _LINE * 2)
    return (f'<path class="call" d="M{x},{start + 3:.0f} C{x - out:.0f},{start + 3:.0f} {x - out:.0f},{end - 3:.0f} '
            f'{x - 2},{end - 3:.0f}"/><path class="tip" d="M{x - 4},{end - 6:.0f} l5,3 l-5,3 z"/>')


def _leads_on(join: Join, points: Sequence[Point], labels: Labels) -> str:
    """An edge to a layer behind."""
    way = f"M{points[0][0]:.0f},{points[0][1]:.0f}"
    for (x1, y1), (x2, y2) in zip(points, points[1:], strict=False):
        bend = (x2 - x1) / 2
        way += (f" L{x2:.0f},{y2:.0f}" if y1 == y2 else
                f" C{x1 + bend:.0f},{y1:.0f} {x2 - bend:.0f},{y2:.0f} {x2:.0f},{y2:.0f}")  # fmt: skip
    x, y = points[-1]
    return _joined(join, way, (x + 8, y), labels.place(join, points))


def _leads_back(join: Join, start: Point, end: Point, low: float) -> str:
    """An edge that leads back, below all boxes."""
    (x1, y1), (x2, y2) = start, end
    right, left = x1 + 1.4 * _ROUND, x2 - 1.4 * _ROUND
    way = (f"M{x1:.0f},{y1:.0f} C{right:.0f},{y1:.0f} {right:.0f},{low:.0f} {x1:.0f},{low:.0f} "
           f"L{x2:.0f},{low:.0f} C{left:.0f},{low:.0f} {left:.0f},{y2:.0f} {x2 - 8:.0f},{y2:.0f}")
    return _joined(join, way, end, texts(join.said[:1], (x1 + x2) / 2, low - 4))


def _joined(join: Join, way: str, end: Point, text: str) -> str:
    kind = "edge back" if join.back else "edge"
    half = 3.5 + join.wide / 2
    return (f'<g><title>{escape(join.title)}</title><path class="{kind}" stroke-width="{join.wide:.1f}" d="{way}"/>'
            f'<path class="tip" d="M{end[0] - 9:.0f} {end[1] - half:.1f}l9 {half:.1f}l-9 {half:.1f}z"/>{text}</g>')
