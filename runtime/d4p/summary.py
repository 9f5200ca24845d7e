"""What a program says at its end: results, items on each edge, skew, seconds, files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from d4p.failure import short
from d4p.results import Results
from d4p.workflow import Workflow

#: Items of a result, and edges, that are shown.
FIRST, MOST_EDGES = 20, 40


def summarise(workflow: Workflow, reports: list[dict[str, Any]], results: Results, written: list[str],
              seconds: float) -> Iterator[str]:
    """The lines to print."""
    for (pe, port), items in results.items():
        yield f"{pe}.{port}: {_items(len(items))}"
        for item in islice(items, FIRST):
            yield f"  {_shortened(item)}"
        if len(items) > FIRST:
            yield f"  ... and {len(items) - FIRST:,} more: --output DIR writes them all"
    received: dict[str, list[int]] = {}
    for report in reports:
        for name, count in report["received"].items():
            received.setdefault(name, []).append(count)
    yield ""
    pes = len(workflow.flat.pes)
    instances = sum(len(received.get(name, [])) for name in workflow.names.values())
    yield f"{_count(pes, 'PE')}, {_count(instances, 'instance')}, {seconds:.1f} s"
    edges = edge_counts(workflow, reports)
    width = max(map(len, edges), default=0)
    for edge, count in list(edges.items())[:MOST_EDGES]:
        yield f"  {edge:<{width}}  {_items(count):>12}"
    if len(edges) > MOST_EDGES:
        yield f"  ... and {len(edges) - MOST_EDGES:,} more edges"
    for name, counts in received.items():
        if name in workflow.pes and len(counts) > 1 and max(counts) > 2 * sum(counts) / len(counts):
            yield f"  {name} is skewed; items per instance: {', '.join(f'{c:,}' for c in counts)}"
    for path in written:
        yield f"written: {path}"


def edge_counts(workflow: Workflow, reports: list[dict[str, Any]]) -> dict[str, int]:
    """`{edge: items written on it}` from what the instances counted."""
    sent: Counter[str] = Counter()
    received: Counter[str] = Counter()
    for report in reports:
        sent.update(report["sent"])
        received.update(report["received"])
    place = {name: i for i, name in enumerate(workflow.order)}
    edges = sorted(workflow.edges(), key=lambda edge: (place[edge[0]], place[edge[2]]))
    into = Counter(dest for _, _, dest, _ in edges)
    counts = {}
    for source, output, dest, port in edges:
        edge = f"{source}.{output} -> {dest}.{port}"
        if edge in sent:
            counts[edge] = sent[edge]
        elif f"{source}.{output}" in received:
            counts[edge] = received[f"{source}.{output}"]
        elif into[dest] == 1:
            counts[edge] = received[dest]
    return counts


def _items(count: int) -> str:
    return _count(count, "item")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _shortened(item: Any, limit: int = 150) -> str:
    return short(item, limit).replace("\n", " ")
