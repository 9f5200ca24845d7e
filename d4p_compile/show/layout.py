"""Where the boxes of a graph stand, and the way of each line between them: layers from left to right, few crossings,
lines as straight as can be (Sugiyama, Tagawa and Toda, 1981).

It is done here, with networkx, and not by a library in the browser (dagre, elkjs) or by Graphviz: notebooks and mail
show a plan without its scripts, a picture must print, its bytes must not depend on what is installed, and elkjs alone
is four times as large as a whole page may be.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx

#: Rounds of sorting and of placing; beyond so many boxes and bends fewer: nobody follows each line of those.
_ROUNDS, _MANY = 12, 1500
#: How high the way of a line is that passes a layer, and how much straighter than others it should be.
_BEND, _STRAIGHT = 14.0, 4.0

Node = Hashable
Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """A picture's measures, in pixels.

    Attributes:
        at: of each box its upper left corner.
        ways: of each edge that leads on, the points in layers between that it passes; none for neighbours.
        back: the edges that lead back.
        size: width and height of all.
    """

    at: dict[Any, Point]
    ways: dict[tuple[Any, Any], tuple[Point, ...]]
    back: frozenset[tuple[Any, Any]]
    size: Point


def layout(sizes: Mapping[Any, Point], edges: Iterable[tuple[Any, Any]], apart: Point = (120.0, 28.0)) -> Layout:
    """Place boxes of some `sizes` (width, height), `apart` between layers and within one. Edges between what isn't
    among them, and from a box to itself, are left out.

    >>> layout({"a": (10, 10), "b": (10, 10)}, [("a", "b")], (5, 5)).at
    {'a': (0.0, 0.0), 'b': (15.0, 0.0)}
    """
    wanted = list(dict.fromkeys((a, b) for a, b in edges if a != b and a in sizes and b in sizes))
    back = frozenset(_back(list(sizes), wanted))
    forward = nx.DiGraph()
    forward.add_nodes_from(sizes)
    forward.add_edges_from(edge for edge in wanted if edge not in back)
    layer = _layers(forward)
    bent, bends = _bent(forward, layer)
    rows = _ordered(bent, layer)
    high = {node: sizes[node][1] if node in sizes else _BEND for node in bent}
    middles = _placed(bent, rows, high, apart[1])
    lefts, right = _columns(rows, sizes, apart[0])
    top = min((middles[node] - high[node] / 2 for node in bent), default=0.0)
    low = max((middles[node] + high[node] / 2 for node in bent), default=0.0) - top
    at = {node: (lefts[layer[node]], middles[node] - sizes[node][1] / 2 - top) for node in sizes}
    ways = {edge: tuple((lefts[layer[bend]], middles[bend] - top) for bend in found) for edge, found in bends.items()}
    return Layout(at, ways, back, (right, low))


def _back(nodes: Sequence[Any], edges: Iterable[tuple[Any, Any]]) -> set[tuple[Any, Any]]:
    """Edges that close a circle, found by going down from each box in turn; without recursion."""
    out: dict[Any, list[Any]] = {}
    for source, dest in edges:
        out.setdefault(source, []).append(dest)
    found, done, open_ = set(), set(), set()
    for start in nodes:
        stack = [(start, iter(out.get(start, ())))] if start not in done else []
        open_.update(node for node, _ in stack)
        while stack:
            node, rest = stack[-1]
            dest = next(rest, None)
            if dest is None:
                stack.pop()
                open_.discard(node)
                done.add(node)
            elif dest in open_:
                found.add((node, dest))
            elif dest not in done:
                open_.add(dest)
                stack.append((dest, iter(out.get(dest, ()))))
    return found


def _layers(graph: nx.DiGraph) -> dict[Any, int]:
    """The layer of each box: behind all that send to it; what nothing sends to stands right before what it sends to."""
    layer = {node: at for at, found in enumerate(nx.topological_generations(graph)) for node in found}
    for node in graph:
        if not graph.pred[node] and graph.succ[node]:
            layer[node] = min(layer[dest] for dest in graph.succ[node]) - 1
    return layer


def _bent(graph: nx.DiGraph, layer: dict[Any, int]) -> tuple[nx.DiGraph, dict[tuple[Any, Any], list[Any]]]:
    """The graph with a bend in each layer that an edge passes, so that all its edges are between neighbours."""
    bent = nx.DiGraph()
    bent.add_nodes_from(graph)
    bends: dict[tuple[Any, Any], list[Any]] = {}
    for source, dest in graph.edges:
        passed = [("bend", source, dest, at) for at in range(layer[source] + 1, layer[dest])]
        bends[source, dest] = passed
        layer.update((node, node[3]) for node in passed)
        nx.add_path(bent, [source, *passed, dest])
    return bent, bends


def _ordered(graph: nx.DiGraph, layer: dict[Any, int]) -> list[list[Any]]:
    """The boxes and bends of each layer from top to bottom: sorted by the middle of their neighbours, to and fro, of
    which the order with the fewest crossings is kept."""
    rows: list[list[Any]] = [[] for _ in range(max((layer[node] for node in graph), default=-1) + 1)]
    for node in nx.dfs_preorder_nodes(graph.to_undirected()) if nx.is_weakly_connected(graph) else graph:
        rows[layer[node]].append(node)
    best, least = [row[:] for row in rows], _crossings(graph, rows)
    for turn in range(_ROUNDS if len(graph) <= _MANY else 2):
        if not least:
            break
        down = turn % 2 == 0
        near = graph.pred if down else graph.succ
        for at in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            place = {node: number for number, node in enumerate(rows[at - 1 if down else at + 1])}
            now = {node: number for number, node in enumerate(rows[at])}
            middle = {node: _mean([place[each] for each in near[node]], now[node]) for node in rows[at]}
            rows[at].sort(key=middle.__getitem__)
        if (found := _crossings(graph, rows)) < least:
            best, least = [row[:] for row in rows], found
    return best


def _crossings(graph: nx.DiGraph, rows: list[list[Any]]) -> int:
    total = 0
    for row, following in zip(rows, rows[1:], strict=False):
        place = {node: number for number, node in enumerate(following)}
        seen: list[int] = []
        for node in row:
            ends = sorted(place[dest] for dest in graph.succ[node])
            total += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _placed(graph: nx.DiGraph, rows: list[list[Any]], high: Mapping[Any, float], apart: float) -> dict[Any, float]:
    """The middle of each box and bend: as near to the middle of its neighbours as the order of its layer allows."""
    middles: dict[Any, float] = {}
    for row in rows:
        at = 0.0
        for node in row:
            middles[node] = at + high[node] / 2
            at += high[node] + apart
    for turn in range(_ROUNDS if len(graph) <= _MANY else 2):
        down = turn % 2 == 0
        near = graph.pred if down else graph.succ
        for row in rows if down else reversed(rows):
            wish = [_mean([middles[each] for each in near[node]], middles[node]) for node in row]
            weights = [_STRAIGHT if isinstance(node, tuple) and node[0] == "bend" else 1.0 for node in row]
            gaps = [(high[a] + high[b]) / 2 + apart for a, b in zip(row, row[1:], strict=False)]
            middles.update(zip(row, spread(wish, weights, gaps), strict=True))
    return middles


def spread(wish: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Places in a given order, so far apart at least, and as near as can be to what each wishes (least squares, by
    pooling neighbours that are in each other's way).

    >>> spread([0, 0, 10], [1, 1, 1], [4, 4])
    [-2.0, 2.0, 10.0]
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    pools: list[list[float]] = []  # of each its place, weight and how many it holds
    for place, weight, offset in zip(wish, weights, offsets, strict=False):
        pools.append([place - offset, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (first, heavy, count), (second, more, others) = pools[-2:]
            pools[-2:] = [[(first * heavy + second * more) / (heavy + more), heavy + more, count + others]]
    places = [place for place, _, count in pools for _ in range(int(count))]
    return [place + offset for place, offset in zip(places, offsets, strict=False)]


def _columns(rows: list[list[Any]], sizes: Mapping[Any, Point], apart: float) -> tuple[list[float], float]:
    """The left side of each layer, and the right side of the last."""
    lefts, right = [], 0.0
    for row in rows:
        lefts.append(right)
        right += max((sizes[node][0] for node in row if node in sizes), default=0.0) + apart
    return lefts, max(right - apart, 0.0)


def _mean(found: Sequence[float], otherwise: float) -> float:
    return sum(found) / len(found) if found else float(otherwise)
