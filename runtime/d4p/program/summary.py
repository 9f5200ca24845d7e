"""What a program says at its end: results, items on each edge, skew, seconds, files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from d4p.frozen import dataclass
from d4p.outputs.shown import FIRST, shown
from d4p.workflow.results import Results
from d4p.workflow.workflow import Workflow

#: Edges that are shown.
MOST_EDGES = 40
#: Instances whose counts are listed.
MOST_COUNTS = 16
#: Bytes that are worth a word.
LARGE = 1_000_000


@dataclass(frozen=True)
class Result:
    """A result as it is shown: its name, how many items, the first of them as texts, and where the others are."""

    name: str
    count: int
    first: list[str]
    others: str


def of_results(results: Results) -> list[Result]:
    """Results that were spooled."""
    return [Result(f"{pe}.{port}", len(items), [shown(item) for item in islice(items, FIRST)],
                   "--output DIR writes them all") for (pe, port), items in results.items()]


def of_reports(workflow: Workflow, reports: list[dict[str, Any]], results: list[tuple[str, str]]) -> list[Result]:
    """Results that instances wrote to --output, from what they reported; `results` are (PE's name, port)."""
    made = []
    for key in results:
        mine = [report for report in reports if key in report["results"] or key in report["outputs"]]
        first = [text for report in mine for text in report["first"].get(key, ())]
        parts = [report["outputs"][key] for report in mine if key in report["outputs"]]
        suffixes = _suffixes(parts) if parts else Counter()
        others = "all of them are written below" if suffixes else "--output DIR writes them all"
        if len(suffixes) > 1:
            others += (f", in {_count(suffixes['.jsonl'], 'part')} of JSON lines, each with an item that isn't exactly "
                       f"of the port's types, and {suffixes['.parquet']} of Parquet")
        count = sum(report["results"].get(key, 0) for report in mine)
        made.append(Result(f"{workflow.pes[key[0]].id}.{key[1]}", count, first[:FIRST], others))
    return made


def _suffixes(parts: list[str]) -> Counter[str]:
    """How many parts there are of each kind, from their names."""
    from d4p.outputs.part import Part  # here, since many programs write none

    return Counter(Part.named(name).suffix for name in parts)


def shown_results(results: list[Result]) -> Iterator[str]:
    """The lines to print of results."""
    for result in results:
        yield f"{result.name}: {_items(result.count)}"
        for text in result.first:
            yield f"  {text}"
        if result.count > len(result.first):
            yield f"  ... and {result.count - len(result.first):,} more: {result.others}"


def account(workflow: Workflow, reports: list[dict[str, Any]], written: list[str], seconds: float) -> Iterator[str]:
    """The lines to print of the run: what went where, how long it took, what was written."""
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
    moved: Counter[str] = Counter()
    for report in reports:
        moved.update(report["moved"])
    for edge, count in list(edges.items())[:MOST_EDGES]:
        size = f"  {moved[edge] / 1e6:>8,.0f} MB sent" if moved[edge] >= LARGE else ""
        yield f"  {edge:<{width}}  {_items(count):>12}{size}"
    if len(edges) > MOST_EDGES:
        yield f"  ... and {len(edges) - MOST_EDGES:,} more edges"
    for name, counts in received.items():
        if name in workflow.pes and len(counts) > 1 and max(counts) > 2 * sum(counts) / len(counts):
            each = ", ".join(f"{c:,}" for c in counts)
            if len(counts) > MOST_COUNTS:
                each = f"{min(counts):,} to {max(counts):,}, half of them up to {sorted(counts)[len(counts) // 2]:,}"
            yield f"  {name} is skewed; items per instance: {each}"
    kept = sum(report["kept"] for report in reports)
    if kept:
        yield f"  {_count(kept, 'instance')} of {len(reports):,} had been done by an earlier run and were not run again"
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
    counts, of_ports = {}, {}
    for source, output, dest, port in edges:
        edge = f"{source}.{output} -> {dest}.{port}"
        if edge in sent:
            counts[edge] = sent[edge]
        elif f"{source}.{output}" in received:
            counts[edge] = received[f"{source}.{output}"]
        elif into[dest] == 1:
            counts[edge] = received[dest]
        if edge in counts:
            of_ports[source, output] = counts[edge]
    # Where a fan-in keeps an edge from being counted by itself, another one that leaves the same port has as many.
    ports = {f"{source}.{output} -> {dest}.{port}": (source, output) for source, output, dest, port in edges}
    known = {edge: of_ports[at] for edge, at in ports.items() if at in of_ports}
    return {edge: {**known, **counts}[edge] for edge in ports if edge in counts or edge in known}


def _items(count: int) -> str:
    return _count(count, "item")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
