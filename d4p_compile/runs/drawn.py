"""What a page's scripts draw: every instance in columns, what each was at over time, throughput and memory.

It is small, so that a page of thousands of instances is: times in milliseconds, a share of a stretch of time as a
letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .curves import curves
from .folder import Run, moment
from .shares import Shares
from .timeline import LANES, number, samples, timeline


def drawn(run: Run, shares: Shares) -> dict[str, Any]:
    """The figures, as JSON has them: `phases` of the run in ms, `stages`, `instances` in columns, the `timeline`, the
    `charts`, and what each instance got of an edge (`lanes`)."""
    instances = [each for each in run.summary.get("instances", ()) if isinstance(each, dict)]
    seen = list(samples(run))
    end = max([number(run.summary.get("seconds")), *(at for at, _ in seen)], default=0.0)
    begun = moment(run.about.get("began"))
    order = sorted(range(len(instances)), key=lambda at: (instances[at]["stage"], instances[at]["instance"]))
    ordered = [instances[at] for at in order]
    phases = [phase for phase in run.summary.get("phases", ()) if number(phase["seconds"]) >= 1e-3]
    return {
        "seconds": round(end, 3), "state": run.state,
        "phases": [[str(phase["what"]), round(1000 * number(phase["seconds"]))] for phase in phases],
        "stages": [{"number": stage.number, "title": stage.title, "pes": list(stage.pes)} for stage in shares.stages],
        "instances": _columns(ordered, shares),
        "timeline": timeline(ordered, seen, begun, end),
        "charts": curves(ordered, seen, shares, begun, end),
        "lanes": {edge: lanes for edge, counts in shares.edges.items() if (lanes := counts.get("lanes"))},
    }


def _columns(instances: Sequence[dict[str, Any]], shares: Shares) -> dict[str, list[Any]]:
    """A list for each figure, in the order of stages and instances; milliseconds by lane."""
    hosts = sorted({str(each.get("host")) for each in instances})
    of = {(stage.number, each.number): each for stage in shares.stages for each in stage.instances}
    found: dict[str, list[Any]] = {
        "stage": [each["stage"] for each in instances],
        "number": [each["instance"] for each in instances],
        "items": [of[each["stage"], each["instance"]].items for each in instances],
        "bytes": [_rough(sum(number(count) for count in _values(each.get("moved")))) for each in instances],
        "cpu": [None if each.get("cpu") is None else round(number(each["cpu"]), 2) for each in instances],
        "peak": [_rough(number(each.get("peak"))) for each in instances],
        "gc": [round(number(each.get("gc")), 2) for each in instances],
        "process": [each.get("process") if isinstance(each.get("process"), int) else None for each in instances],
        "host": [hosts.index(str(each.get("host"))) for each in instances],
        "hosts": hosts,
    }
    for lane, parts in LANES.items():
        spent = [round(1000 * sum(number(each["seconds"].get(part)) for part in parts)) for each in instances]
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


