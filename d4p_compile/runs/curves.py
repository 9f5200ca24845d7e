"""Throughput and memory of a run over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .shares import Shares
from .timeline import Sample, life, number

#: Stages whose throughput is drawn.
_CURVES = 24


def curves(instances: Sequence[dict[str, Any]], samples: Sequence[Sample], shares: Shares, begun: float,
            end: float) -> dict[str, Any]:
    """`at`: moments; `items` that each stage had received by then; `memory` of all processes, in bytes.

    Of an instance that no sample saw at work, as tasks of Spark's are told of when they are done, the items are taken
    to have come evenly.
    """
    stages = [stage.number for stage in shares.stages]
    if len(stages) > _CURVES:
        stages = sorted(sorted(stages, key=lambda number: -_received(shares, number))[:_CURVES])
    at = [moment_ for moment_, _ in samples]
    at += [end] if not at or at[-1] < end - 1e-3 else []
    items = {number: [0.0] * len(at) for number in stages}
    for each in instances:
        key = each["stage"], each["instance"]
        if key[0] in items:
            seen = [(moment_, found[key]) for moment_, found in samples if key in found]
            born, died = life(each, (seen[0][0], seen[0][1][2]) if seen else None, begun, end)
            total = sum(number(count) for count in each["received"].values())
            known = ((when, number(one[3])) for when, one in seen if born < when < died)
            points = [(born, 0.0), *known, (died, total)]
            for place, count in enumerate(_along(points, at)):
                items[key[0]][place] += count
    found: dict[str, Any] = {"at": [round(each, 3) for each in at], "stages": stages,
                             "items": [[round(count) for count in counts] for counts in items.values()]}
    lives = {} if shares.staged else {(each["stage"], each["instance"]): life(each, None, begun, end)
                                      for each in instances if each.get("began")}
    memory = _memory(instances, samples, lives)
    return found | {"memory": [*memory, *[None] * (len(at) - len(memory))]} if any(memory) else found


def _along(points: Sequence[tuple[float, float]], at: Sequence[float]) -> Iterator[float]:
    """What has come by some moments, evenly between points that are known."""
    place = 0
    for moment_ in at:
        while place < len(points) - 1 and points[place + 1][0] <= moment_:
            place += 1
        (start, count), (then, more) = points[place], points[min(place + 1, len(points) - 1)]
        part = (moment_ - start) / (then - start) if then > start else 0.0
        yield count + (more - count) * min(max(part, 0.0), 1.0)


def _memory(instances: Sequence[dict[str, Any]], samples: Sequence[Sample],
            lives: Mapping[Any, tuple[float, float]]) -> list[int | None]:
    """At each sample the memory of all processes, each counted once; None where one that was there hadn't told yet."""
    process = {(each["stage"], each["instance"]): (str(each.get("host")), str(each.get("process")))
               for each in instances}  # fmt: skip
    memory = []
    for at, found in samples:
        if any(born < at < died and key not in found for key, (born, died) in lives.items()):
            memory.append(None)
            continue
        taken: dict[Any, int] = {}
        for key, each in found.items():
            more = each[4] if len(each) > 4 and isinstance(each[4], dict) else {}
            if size := int(number(more.get("memory"))):
                taken[process.get(key)] = max(size, taken.get(process.get(key), 0))
        memory.append(sum(taken.values()) or None)
    return memory


def _received(shares: Shares, number: int) -> int:
    return sum(each.items for stage in shares.stages if stage.number == number for each in stage.instances)
