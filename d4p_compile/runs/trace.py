"""A run as a trace of Chrome's form, which Perfetto (https://ui.perfetto.dev) and chrome://tracing show.

The form is the "Trace Event Format" of Chrome's tracing. Stages are its processes, their instances its threads; times
are whole microseconds since the run began. Perfetto leaves out a slice that overlaps the one before by even one, and in
places tells threads by their numbers alone, whatever their processes: so ends are rounded as begins are, and no two
threads have a number in common.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from d4p.errors import Refused

from .folder import Run, moment
from .shares import Shares, Stage

#: The number of what isn't a stage: what the run was at; memory and what waits are counters of the stages.
RUN = 0
_MICRO = 1_000_000
#: Parts of an instance's life within one sample, in the order in which they are drawn, since how they lay isn't known.
#: Of waiting nothing is.
_ORDER = ("starting", "preprocess", "unpacking", "working", "packing", "blocked", "postprocess", "committing")


def write(run: Run, path: str) -> None:
    """Write the trace of a run to a file. Raises Refused where it can't be written."""
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            json.dump({"traceEvents": list(events(run)), "displayTimeUnit": "ms",
                       "otherData": {"run": run.id, "workflow": run.about.get("name"),
                                     "target": run.about.get("target")}}, file)  # fmt: skip
    except OSError as error:
        raise Refused(f"the trace can't be written to {path}: {error.strerror or error}") from error


def events(run: Run) -> Iterator[dict[str, Any]]:
    """What the run was at; what each instance was at, from sample to sample; items, bytes that wait and memory."""
    shares = Shares(run)
    yield from _named(RUN, "run", {RUN: str(run.about.get("target"))})
    at = 0.0
    for phase in run.summary.get("phases", ()):
        yield from _slice(RUN, RUN, phase["what"], at, phase["seconds"])
        at += max(0.0, phase["seconds"])
    began = moment(run.about.get("began"))
    lines: dict[tuple[int, int], list[tuple[float, dict[str, float], int]]] = {}
    for sample in run.samples:
        yield from _counters(sample)
        for row in _rows(sample):
            lines.setdefault((row[0], row[1]), []).append((float(sample["at"]), row[2], row[3]))
    first = _first_threads(shares.stages)
    for stage in shares.stages:
        names = {first[stage] + each.number: f"instance {each.number}" for each in stage.instances}
        yield from _named(stage.number, stage.title, names)
        for each in stage.instances:
            end = shares.seconds
            if each.began is not None and began:
                end = min(end, each.began - began + sum(each.seconds.values()))
            points = [*lines.get((stage.number, each.number), ()), (end, dict(each.seconds), each.items)]
            yield from _life(stage, first[stage] + each.number, points, max(0.0, (each.began or began) - began))


def _first_threads(stages: Sequence[Stage]) -> dict[Stage, int]:
    """The number of the thread of each stage's instance 0: the stage's own with noughts behind it, so that none is also
    one of another stage, nor that of a process."""
    most = max([0, *(each.number for stage in stages for each in (stage, *stage.instances))])
    return {stage: stage.number * 10 ** max(3, len(str(most))) for stage in stages}


def _life(stage: Stage, thread: int, points: list[tuple[float, dict[str, float], int]],
          began: float) -> Iterator[dict[str, Any]]:
    """The slices of an instance: of what it did from one sample to the next, one for each part."""
    before: dict[str, float] = {}
    at, items = began, 0
    for until, seconds, count in points:
        spent = {part: seconds.get(part, 0.0) - before.get(part, 0.0) for part in seconds}
        place = at
        for part in _ORDER:
            if (took := spent.get(part, 0.0)) > 0:
                yield from _slice(stage.number, thread, part, place, took, items=count - items)
                place += took
        before, items, at = seconds, count, max(until, place)


def _rows(sample: dict[str, Any]) -> Iterator[list[Any]]:
    """The figures of instances that are as they must be."""
    if isinstance(sample.get("at"), (int, float)):
        for row in sample.get("instances") or ():
            if isinstance(row, list) and len(row) >= 4 and [*map(type, row[:2]), type(row[3])] == [int, int, int] \
                    and isinstance(row[2], dict) and all(isinstance(each, (int, float)) for each in row[2].values()):
                yield row


def _counters(sample: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of each stage at a moment: items so far, bytes that wait for it, memory of its instances' processes."""
    found: dict[int, dict[str, int]] = {}
    for row in _rows(sample):
        mine = found.setdefault(row[0], {"items": 0, "waits": 0, "memory": 0})
        mine["items"] += row[3]
        now = row[4] if len(row) > 4 and isinstance(row[4], dict) else {}
        for name in ("waits", "memory"):
            mine[name] += value if isinstance(value := now.get(name), int) else 0
    for stage, counts in found.items():
        for name, count in counts.items():
            yield {"ph": "C", "pid": stage, "name": name, "ts": round(sample["at"] * _MICRO), "args": {name: count}}


def _named(process: int, title: str, threads: dict[int, str]) -> Iterator[dict[str, Any]]:
    yield {"ph": "M", "pid": process, "name": "process_name", "args": {"name": title}}
    yield {"ph": "M", "pid": process, "name": "process_sort_index", "args": {"sort_index": process}}
    for thread, name in threads.items():
        yield {"ph": "M", "pid": process, "tid": thread, "name": "thread_name", "args": {"name": name}}
        yield {"ph": "M", "pid": process, "tid": thread, "name": "thread_sort_index", "args": {"sort_index": thread}}


def _slice(process: int, thread: int, name: str, at: float, seconds: float,
           **arguments: Any) -> Iterator[dict[str, Any]]:
    """A slice, if it is a microsecond at least."""
    begin, end = round(at * _MICRO), round((at + seconds) * _MICRO)
    if begin < end:
        yield {"ph": "X", "pid": process, "tid": thread, "name": name, "ts": begin, "dur": end - begin,
               **({"args": arguments} if arguments else {})}
