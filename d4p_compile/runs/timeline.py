"""What each instance of a run was at over time, of which a page draws a line for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from d4p.items.shape import fits

from .folder import Run

#: What a line of the timeline shows, in the order in which it is drawn: parts of an instance's life.
LANES = {"starting": ("starting",), "preprocess": ("preprocess",), "busy": ("unpacking", "working", "packing"),
         "waiting": ("waiting", "held"), "queued": ("queued",), "blocked": ("blocked",),
         "postprocess": ("postprocess", "committing")}  # fmt: skip
#: Shares of a stretch, from none to all of it: a letter each.
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
#: Stretches of all lines, and of one, at most.
_CELLS, _STRETCHES = 20_000, 240

Sample = tuple[float, dict[tuple[int, int], list[Any]]]


def number(value: Any) -> float:
    """A number of a record; 0 for anything else."""
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and -1e300 < value < 1e300
    return float(value) if known else 0.0


def samples(run: Run) -> Iterator[Sample]:
    """When, and of each instance that there was by then its seconds by part, items, and what it is at."""
    last = 0.0
    for sample in run.samples:
        at = number(sample.get("at"))
        if at < last or not fits(sample.get("instances"), [[lambda value: True]]):
            continue
        last = at
        yield at, {(each[0], each[1]): each for each in sample["instances"]
                   if len(each) >= 4 and fits(each[:2], [int]) and fits(each[2], {str: (int, float)})}


def timeline(instances: Sequence[dict[str, Any]], samples: Sequence[Sample], begun: float,
              end: float) -> dict[str, Any]:
    """`grid`: the ends of stretches of time, in ms, from 0; `from` and `to` of each line; of each lane the shares of
    every stretch of every line, as letters, one line after the other."""
    most = max(2, min(_STRETCHES, _CELLS // max(1, len(instances))))
    times = [at for at, _ in samples if 0 < at < end - 1e-3]
    kept = min(len(times), most - 1)
    grid = [*(times[(at + 1) * len(times) // kept - 1] for at in range(kept)), end]
    from_, to = [], []
    cells: dict[str, list[str]] = {lane: [] for lane in LANES}
    for each in instances:
        key = each["stage"], each["instance"]
        born, points = _points(each, [(at, found[key][2]) for at, found in samples if key in found], begun, end)
        from_.append(round(1000 * born))
        to.append(round(1000 * points[-1][0]))
        for lane, shares in _between(points, grid).items():
            cells[lane].append("".join(LETTERS[min(31, max(0, round(31 * share)))] for share in shares))
    drawn_ = {lane: "".join(found) for lane, found in cells.items()}
    return {"grid": [round(1000 * at) for at in grid], "from": from_, "to": to,
            "cells": {lane: found for lane, found in drawn_.items() if found.strip("0")}}


def _points(each: dict[str, Any], seen: Sequence[tuple[float, dict[str, float]]], begun: float,
            end: float) -> tuple[float, list[tuple[float, dict[str, float]]]]:
    """When an instance began, and its seconds by lane at some moments up to its end."""
    total = _by_lane(each["seconds"])
    born, died = life(each, seen[0] if seen else None, begun, end)
    points = [(born, dict.fromkeys(LANES, 0.0))]
    for lane in ("starting", "preprocess"):  # these come first, and the last one last
        at, so_far = points[-1]
        if total[lane] and at + total[lane] <= died:
            points.append((at + total[lane], so_far | {lane: total[lane]}))
    for at, seconds in seen:
        if points[-1][0] < at < died - total["postprocess"]:
            points.append((at, _by_lane(seconds)))
    if total["postprocess"] and points[-1][0] < died - total["postprocess"]:
        points.append((died - total["postprocess"], total | {"postprocess": 0.0}))
    points.append((max(died, points[-1][0]), total))
    return born, points


def life(each: dict[str, Any], first: tuple[float, dict[str, float]] | None, begun: float,
          end: float) -> tuple[float, float]:
    """When an instance began and ended, after the run did; by the `first` that was seen of it where it doesn't say."""
    lived, said = sum(_by_lane(each["seconds"]).values()), number(each.get("began"))
    born = said - begun if said and begun else (first[0] - sum(_by_lane(first[1]).values()) if first else 0.0)
    born = min(max(born, 0.0), end)
    return born, min(max(born + lived, born), end)


def _by_lane(seconds: dict[str, float]) -> dict[str, float]:
    return {lane: sum(number(seconds.get(part)) for part in parts) for lane, parts in LANES.items()}


def _between(points: Sequence[tuple[float, dict[str, float]]], grid: Sequence[float]) -> dict[str, list[float]]:
    """Of each lane its share of what an instance did in each stretch of the grid."""
    at, before = 0, dict.fromkeys(LANES, 0.0)
    found: dict[str, list[float]] = {lane: [] for lane in LANES}
    for stop in grid:
        while at < len(points) - 1 and points[at + 1][0] <= stop:
            at += 1
        now = points[at][1]
        if at < len(points) - 1 and stop > points[at][0]:  # on the way to what is known next
            (start, first), (then, second) = points[at], points[at + 1]
            part = (stop - start) / (then - start)
            now = {lane: first[lane] + (second[lane] - first[lane]) * part for lane in LANES}
        spent = {lane: max(0.0, now[lane] - before[lane]) for lane in LANES}
        all_ = sum(spent.values())
        for lane in LANES:
            found[lane].append(spent[lane] / all_ if all_ > 1e-9 else 0.0)
        before = now
    return found


