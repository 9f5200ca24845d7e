"""What a run was at, as text for a terminal: what limited it, what would help, stages and edges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..show.text import plural
from .folder import Run
from .shares import KINDS, Shares, Stage
from .sizes import size
from .table import took, when
from .verdict import verdicts

#: Characters of a bar, by kind; instances of a stage, edges, and slow items that are listed.
_BAR, _MOST, _EDGES, _SLOWEST = 30, 16, 40, 8
_LETTERS = {"busy": "#", "waiting": ".", "queued": "-", "blocked": "x"}


def text(run: Run, every: bool = False) -> Iterator[str]:
    """The lines of the report; with `every` of all instances."""
    shares = Shares(run)
    yield from limits(run, shares)
    for error in run.errors[:5]:
        yield from ("", *(f"  {line}" for line in str(error.get("message")).splitlines()))
    if not shares.stages:
        return
    yield ""
    yield f"{'':<42} {'busy':>5} {'wait':>5} {'queue':>5} {'block':>5}  {'items':>12} {'cpu':>8} {'memory':>8}"
    parts = {each["stage"]: each["pes"] for each in run.summary.get("profile") or ()}
    for stage in shares.stages:
        yield from _stage(stage, every, parts.get(stage.number, {}))
    yield ""
    yield "  ".join(f"{letter} {kind}" for kind, letter in _LETTERS.items()) + "  of the time of its instances"
    if shares.edges:
        yield ""
        width = max(map(len, list(shares.edges)[:_EDGES]))
        for edge, counts in list(shares.edges.items())[:_EDGES]:
            moved = f"  {size(counts.get('bytes')):>10}" if counts.get("bytes") else ""
            yield f"{edge:<{width}}  {plural(counts.get('items', 0), 'item'):>16}{moved}"
        if len(shares.edges) > _EDGES:
            yield f"... and {plural(len(shares.edges) - _EDGES, 'edge')} more"
    yield from _slowest(run)
    yield from _spark(run)
    yield ""
    yield ", ".join(f"{what}: {spent:.1f} s" for what, spent in shares.phases.items() if spent >= 0.05)


def limits(run: Run, shares: Shares | None = None) -> Iterator[str]:
    """Which run it is, what limited it, and what would help."""
    shares, about = shares or Shares(run), run.about
    yield (f"{about.get('name')} for {about.get('target')}: {run.state}, {took(about)}, {when(about)} on "
           f"{about.get('host')} ({run.id})")
    yield ""
    found = verdicts(run)
    if not found:
        yield why_none(run, shares)
    for number, verdict in enumerate(found):
        yield verdict.sentence if not number else f"also: {verdict.sentence}"
        yield from (f"  - {remedy}" for remedy in verdict.remedies)


def why_none(run: Run, shares: Shares) -> str:
    """What is said where there is no verdict."""
    if run.state == "running":
        return "the run is on: what limits it is said when it is done"
    if run.state == "failed" and (said := str((run.about.get("cause") or {}).get("message", "")).strip()):
        return f"the run failed: {said.splitlines()[0]}"
    if run.state != "done":
        return f"the run was not done: it is {run.state}"
    if not shares.stages:
        return "there are no figures"
    if shares.seconds < 1:
        return "the run was too short to say what limits it"
    return "nothing stands out: no PE limits the others"


def _slowest(run: Run) -> Iterator[str]:
    found = run.summary.get("slowest") or ()
    if found:
        yield ""
        yield "the slowest items:"
    for each in found[:_SLOWEST]:
        yield f"  {each['seconds']:>8.2f} s  {each['pe']}, instance {each['instance']}, its item {each['item']:,}"


def _spark(run: Run) -> Iterator[str]:
    found = run.summary.get("spark") or ()
    if found:
        yield ""
        yield "Spark's own stages:"
    for each in found:
        moved = ", ".join(f"{what} {size(each[what])}" for what in ("read", "written", "spilled") if each.get(what))
        name = f"{each.get('id', '')} {each['name']}".strip()
        yield (f"  {name:<56.56} {plural(each['tasks'], 'task'):>12}, {each.get('seconds', 0):,.1f} s in all"
               f"{f', {moved}' if moved else ''}")


def _stage(stage: Stage, every: bool, parts: dict[str, Any]) -> Iterator[str]:
    count = len(stage.instances)
    peak = max((each.peak or 0 for each in stage.instances), default=0)
    cpu = [each.cpu for each in stage.instances if each.cpu is not None]
    title = f"{stage.title}{f' x{count}' if count > 1 else ''}"
    items = sum(each.items for each in stage.instances)
    yield f"{title:<42.42} {_shares(stage)}  {items:>12,} {_cpu(cpu)} {size(peak):>8}"
    yield f"  [{bar(stage)}]"
    if parts:
        said = (f"{pe} {100 * part['share']:.0f} %" for pe, part in parts.items())
        yield f"  of its work: {', '.join(said)}"
    if every or (1 < count <= _MOST and stage.skew >= 2):
        for each in stage.instances:
            yield (f"  {f'instance {each.number}':<40} {_shares(each)}  {each.items:>12,} "
                   f"{_cpu([] if each.cpu is None else [each.cpu])} {size(each.peak):>8}")


def _shares(of: Any) -> str:
    return " ".join(f"{100 * of.share(kind):>4.0f}%" for kind in KINDS)


def _cpu(seconds: list[float]) -> str:
    return f"{sum(seconds):>6.1f} s" if seconds else f"{'':>8}"


def bar(stage: Stage) -> str:
    """The shares of a stage's time as a line of letters."""
    drawn = ""
    total = 0.0
    for kind, letter in _LETTERS.items():
        total += stage.share(kind)
        drawn += letter * (round(total * _BAR) - len(drawn))
    return f"{drawn:<{_BAR}}"
