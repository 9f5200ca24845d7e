"""What the instances of a run have counted, as a record's summary.json has it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from d4p.program.failures import failures
from d4p.program.summary import edge_counts
from d4p.workflow.workflow import Workflow

Report = dict[str, Any]


def totals(workflow: Workflow, reports: list[Report]) -> dict[str, Any]:
    """`pes`: instances and items received by PE; `edges`: items, and bytes sent, by edge; `failures`: of PEs whose
    policies took care of items, how many, and the first messages; `instances`: of each what it has received and sent
    and where its time went."""
    pes: dict[str, dict[str, int]] = {}
    moved: Counter[str] = Counter()
    for report in reports:
        moved.update(report["moved"])
        for name, count in report["received"].items():
            if name in workflow.pes:
                found = pes.setdefault(name, {"instances": 0, "received": 0})
                found["instances"] += 1
                found["received"] += count
    edges = {edge: {"items": count, "bytes": moved.get(edge)} for edge, count in edge_counts(workflow, reports).items()}
    failed = {name: asdict(mine) for name, mine in failures(reports).items()}
    return {"pes": pes, "edges": edges, "failures": failed, "instances": [instance(report) for report in reports]}


def instance(report: Report) -> dict[str, Any]:
    """One instance."""
    figures = report["figures"]
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
    """Of each instance its stage, its number, its seconds by part and the items that it has received."""
    return [[report["stage"], report["instance"], {part: round(spent, 3) for part, spent in seconds(report).items()},
             sum(report["received"].values())] for report in reports]
