"""What the instances of a run have counted, as a record's summary.json has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from d4p.program.failures import failures
from d4p.program.summary import edge_counts
from d4p.workflow.workflow import Workflow

Report = dict[str, Any]
#: Items that are kept of all that took long.
SLOWEST = 20


def totals(workflow: Workflow, reports: list[Report]) -> dict[str, Any]:
    """`pes`: instances and items received by PE; `edges`: items, and bytes sent, by edge, and where the consumer has
    several instances in `lanes` what each of them got (no bytes where none were counted); `failures`: of PEs whose
    policies took care of items, how many, and the first messages; `slowest`: the items that took longest; `profile`:
    how the work of stages of several PEs falls to these; `instances`: of each what it has received and sent and where
    its time went."""
    pes: dict[str, dict[str, int]] = {}
    moved: Counter[str] = Counter()
    for report in reports:
        moved.update(report["moved"])
        for name, count in report["received"].items():
            if name in workflow.pes:
                found = pes.setdefault(name, {"instances": 0, "received": 0})
                found["instances"] += 1
                found["received"] += count
    lanes = _by_received(workflow, reports) | _lanes(reports)
    edges = {edge: {"items": count, "bytes": moved.get(edge), **({"lanes": lanes[edge]} if edge in lanes else {})}
             for edge, count in edge_counts(workflow, reports).items()}
    failed = {name: asdict(mine) for name, mine in failures(reports).items()}
    return {"pes": pes, "edges": edges, "failures": failed, "slowest": slowest(reports),
            "profile": profile(reports), "instances": [instance(report) for report in reports]}


def _lanes(reports: Iterable[Report]) -> dict[str, dict[str, list[int]]]:
    """By edge the items and the bytes that each instance of its consumer got, all producers together."""
    found: dict[str, dict[str, list[int]]] = {}
    for report in reports:
        for edge, counts in report["lanes"].items():
            had = found.setdefault(edge, {"items": [], "bytes": []})
            for what, more in zip(("items", "bytes"), counts, strict=True):
                had[what] = [one + other for one, other in zip_longest(had[what], more, fillvalue=0)]
    return found


def _by_received(workflow: Workflow, reports: Iterable[Report]) -> dict[str, dict[str, list[int]]]:
    """The items alone, of edges that are all that lead to a PE of several instances, from another stage: what these
    have received. It needs no counting where nothing is sent, as in one process."""
    received: dict[str, dict[int, int]] = {}
    stages: dict[str, int] = {}
    for report in reports:
        for name, count in report["received"].items():
            received.setdefault(name, {})[report["instance"]] = count
            stages[name] = report["stage"]
    edges = [(f"{source}.{output} -> {dest}.{into}", source, dest) for source, output, dest, into in workflow.edges()]
    only = Counter(dest for *_, dest in edges)
    return {edge: {"items": [count for _, count in sorted(received[dest].items())], "bytes": []}
            for edge, source, dest in edges if only[dest] == 1 and len(received.get(dest, ())) > 1
            and stages.get(source) not in (None, stages[dest])}  # fmt: skip


def slowest(reports: Iterable[Report]) -> list[dict[str, Any]]:
    """The items that took longest, of those that were long enough in hand to be seen there: the longest first."""

    def each() -> Iterator[dict[str, Any]]:
        for report in reports:
            for seconds, pe, item in report["figures"].get("slowest", ()):
                yield {"pe": pe, "stage": report["stage"], "instance": report["instance"], "item": item,
                       "seconds": seconds}

    return sorted(each(), key=lambda found: -found["seconds"])[:SLOWEST]


def profile(reports: Iterable[Report]) -> list[dict[str, Any]]:
    """Of each stage of several PEs, where calls were timed, by PE its `share` of the work, and the `seconds` of as many
    `calls` as were timed. What is none of those that have any is put down to the others: they write without an end, or
    what they return is written out in the loop."""
    timed: dict[int, dict[str, list[float]]] = {}
    received: Counter[tuple[int, str]] = Counter()
    working: Counter[int] = Counter()
    for report in reports:
        number, figures = report["stage"], report["figures"]
        working[number] += figures["seconds"].get("working", 0.0)
        for pe, (spent, items) in figures.get("profile", {}).items():
            had = timed.setdefault(number, {}).setdefault(pe, [0.0, 0])
            had[0], had[1] = had[0] + spent, had[1] + items
            received[number, pe] += report["received"].get(pe, 0)
    stages = []
    for number, of in sorted(timed.items()):
        whole = {pe: spent / items * max(items, received[number, pe]) for pe, (spent, items) in of.items() if items > 0}
        never = [pe for pe in of if pe not in whole]
        rest = max(0.0, working[number] - sum(whole.values()))
        whole |= {pe: rest / len(never) for pe in never}
        total = sum(whole.values())
        if len(of) > 1 and total and len(never) < len(of):
            stages.append({"stage": number, "pes": {
                pe: {"share": round(whole[pe] / total, 4), "seconds": round(spent, 6), "calls": int(items)}
                for pe, (spent, items) in of.items()}})
    return stages


#: Of an instance's figures, what is no total of it, or stands elsewhere.
_APART = ("slowest", "profile", "at", "waits", "memory")


def instance(report: Report) -> dict[str, Any]:
    """One instance."""
    figures = {name: value for name, value in report["figures"].items() if name not in _APART}
    return {
        "stage": report["stage"], "instance": report["instance"], "ended": report["ended"],
        "received": dict(report["received"]), "sent": dict(report["sent"]), "moved": dict(report["moved"]),
        "pieces": {name: list(counts) for name, counts in report["pieces"].items()},
        **figures, "seconds": seconds(report),
    }  # fmt: skip


def seconds(report: Report) -> dict[str, float]:
    """The seconds of an instance by what it was at, but for parts that it was never at."""
    return {part: round(spent, 6) for part, spent in report["figures"]["seconds"].items() if spent}


def sample(reports: list[Report]) -> list[list[Any]]:
    """Of each instance its stage, its number, its seconds by part, the items that it has received, and what it is at
    now: `at`, a part of its life, bytes that wait for it (`waits`) and `memory` of its process."""
    return [[report["stage"], report["instance"], {part: round(spent, 3) for part, spent in seconds(report).items()},
             sum(report["received"].values()),
             {name: report["figures"].get(name) for name in ("at", "waits", "memory")}] for report in reports]
