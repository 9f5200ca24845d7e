"""What a page's scripts draw: every instance in columns, what each was at over time, throughput and memory.

It is small, so that a page of thousands of instances is: times in milliseconds, a share of a stretch of time as a
letter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from d4p.items.shape import fits

from .folder import Run, moment
from .shares import Shares

#: What a line of the timeline shows, in the order in which it is drawn: parts of an instance's life.
LANES = {"starting": ("starting",), "preprocess": ("preprocess",), "busy": ("unpacking", "working", "packing"),
         "waiting": ("waiting", "held"), "queued": ("queued",), "blocked": ("blocked",),
         "postprocess": ("postprocess", "committing")}  # fmt: skip
#: Shares of a stretch, from none to all of it: a letter each.
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
#: Stretches of all lines, of one at most; stages whose throughput is drawn.
_CELLS, _STRETCHES, _CURVES = 20_000, 240, 24

Sample = tuple[float, dict[tuple[int, int], list[Any]]]


def drawn(run: Run, shares: Shares) -> dict[str, Any]:
    """The figures: see the comments; sparse, as JSON."""
    instances = [each for each in run.summary.get("instances", ()) if isinstance(each, dict)]
    samples = list(_samples(run))
    end = max([_number(run.summary.get("seconds")), *(at for at, _ in samples)], default=0.0)
    begun = moment(run.about.get("began"))
    order = sorted(range(len(instances)), key=lambda at: (instances[at]["stage"], instances[at]["instance"]))
    ordered = [instances[at] for at in order]
    return {
        "seconds": round(end, 3), "state": run.state,
        "stages": [{"number": stage.number, "title": stage.title, "pes": list(stage.pes)} for stage in shares.stages],
        "instances": _columns(ordered, shares),
        "timeline": _timeline(ordered, samples, begun, end),
        "charts": _charts(ordered, samples, shares),
        "lanes": {edge: lanes for edge, counts in shares.edges.items() if (lanes := counts.get("lanes"))},
    }


def _number(value: Any) -> float:
    """A number of a record; 0 for anything else."""
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else 0.0


def _samples(run: Run) -> Iterator[Sample]:
    """When, and of each instance that there was by then its seconds by part, items, and what it is at."""
    last = 0.0
    for sample in run.samples:
        at = _number(sample.get("at"))
        if at < last or not fits(sample.get("instances"), [[lambda value: True]]):
            continue
        last = at
        yield at, {(each[0], each[1]): each for each in sample["instances"]
                   if len(each) >= 4 and fits(each[:2], [int]) and fits(each[2], {str: (int, float)})}


def _columns(instances: Sequence[dict[str, Any]], shares: Shares) -> dict[str, list[Any]]:
    """A list for each figure, in the order of stages and instances; milliseconds by lane."""
    hosts = sorted({str(each.get("host")) for each in instances})
    of = {(stage.number, each.number): each for stage in shares.stages for each in stage.instances}
    found: dict[str, list[Any]] = {
        "stage": [each["stage"] for each in instances],
        "number": [each["instance"] for each in instances],
        "items": [of[each["stage"], each["instance"]].items for each in instances],
        "bytes": [_rough(sum(_number(count) for count in _values(each.get("moved")))) for each in instances],
        "cpu": [None if each.get("cpu") is None else round(_number(each["cpu"]), 2) for each in instances],
        "peak": [_rough(_number(each.get("peak"))) for each in instances],
        "gc": [round(_number(each.get("gc")), 2) for each in instances],
        "process": [each.get("process") if isinstance(each.get("process"), int) else None for each in instances],
        "host": [hosts.index(str(each.get("host"))) for each in instances],
        "hosts": hosts,
    }
    for lane, parts in LANES.items():
        spent = [round(1000 * sum(_number(each["seconds"].get(part)) for part in parts)) for each in instances]
        if any(spent):
            found[lane] = spent
    return found


def _rough(size: float) -> int:
    """Bytes to three digits: no more are shown.

    >>> _rough(123456), _rough(12)
    (123000, 12)
    """
    return int(float(f"{size:.3g}"))


def _values(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else ()


def _timeline(instances: Sequence[dict[str, Any]], samples: Sequence[Sample], begun: float,
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
    life = sum(total.values())
    said = _number(each.get("began"))
    born = said - begun if said and begun else (seen[0][0] - sum(seen[0][1].values()) if seen else 0.0)
    born = min(max(born, 0.0), end)
    died = min(max(born + life, born), end)
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


def _by_lane(seconds: dict[str, float]) -> dict[str, float]:
    return {lane: sum(_number(seconds.get(part)) for part in parts) for lane, parts in LANES.items()}


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


def _charts(instances: Sequence[dict[str, Any]], samples: Sequence[Sample], shares: Shares) -> dict[str, Any]:
    """`at`: moments; `items` that each stage had received by then; `memory` of all processes, in bytes."""
    stages = [stage.number for stage in shares.stages]
    if len(stages) > _CURVES:
        stages = sorted(sorted(stages, key=lambda number: -_received(shares, number))[:_CURVES])
    process = {(each["stage"], each["instance"]): (str(each.get("host")), str(each.get("process")))
               for each in instances}  # fmt: skip
    at, memory = [], []
    items: dict[int, list[int]] = {number: [] for number in stages}
    for moment_, found in samples:
        counts = dict.fromkeys(stages, 0)
        taken: dict[Any, int] = {}
        for key, each in found.items():
            if key[0] in counts:
                counts[key[0]] += int(_number(each[3]))
            more = each[4] if len(each) > 4 and isinstance(each[4], dict) else {}
            if size := int(_number(more.get("memory"))):
                taken[process.get(key)] = max(size, taken.get(process.get(key), 0))
        at.append(round(moment_, 3))
        memory.append(sum(taken.values()) or None)
        for number, count in counts.items():
            items[number].append(count)
    known = {"memory": memory} if any(memory) else {}
    return {"at": at, "stages": stages, "items": list(items.values()), **known}


def _received(shares: Shares, number: int) -> int:
    return sum(each.items for stage in shares.stages if stage.number == number for each in stage.instances)
