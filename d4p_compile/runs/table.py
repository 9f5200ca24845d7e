"""Runs as lines: one of them, two side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

from ..show.text import plural
from .folder import LOST, Run, moment
from .line import short, took
from .shares import Shares
from .sizes import size

#: Lines of a difference of programs that are shown.
_MOST = 60
#: What two runs are compared by, of run.json.
_COMPARED = ("workflow", "target", "asked", "width", "parameters", "inputs", "limit", "options", "git", "host",
             "python", "d4p", "versions", "state", "exit_status")  # fmt: skip


def when(about: Mapping[str, Any]) -> str:
    """When a run began, in this machine's time."""
    from datetime import datetime

    began = moment(about.get("began"))
    return datetime.fromtimestamp(began).strftime("%Y-%m-%d %H:%M:%S") if began else "?"


def shown(run: Run) -> Iterator[str]:
    """What is known of one run, without its figures."""
    about = run.about
    yield f"{run.id}: {about.get('name')} for {about.get('target')}, {run.state}, {took(about)}"
    if run.state == LOST:
        yield f"  its program is gone without a word; it was last alive at {about.get('alive')}"
    if cause := about.get("cause"):
        yield from (f"  {line}" for line in str(cause.get("message")).splitlines())
    for name in ("workflow", "parameters", "inputs", "limit", "options", "command", "folder", "git", "user", "host",
                 "process", "machine", "width", "python", "d4p", "versions", "began", "ended", "alive", "exit_status"):
        if (value := about.get(name)) not in (None, {}, []):
            yield f"  {name:<12} {_said(value)}"
    for path in about.get("outputs") or ():
        yield f"  written      {path}"
    yield f"  record       {run.folder}"
    if run.log:
        yield f"  logged       {plural(len(run.log.splitlines()), 'line')}"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {size(each) if (name, type(each)) == ('memory', int) else short(each)}"
                         for name, each in value.items())  # fmt: skip
    return str(value)


def differences(first: Run, second: Run) -> Iterator[str]:
    """In what two runs differ: what was asked for, the plan, the program, the figures."""
    yield f"{first.id} and {second.id}"
    same = True
    for name in _COMPARED:
        for what, was, now in _apart(first.about.get(name), second.about.get(name)):
            same = False
            yield f"  {name:<12} {what}{short(was)} -> {short(now)}"
    if same:
        yield "  asked for the same, and ended the same"
    for title, name in (("the plan", "plan.txt"), ("the program", "job.py")):
        texts = [run.program(name).splitlines() for run in (first, second)]
        if texts[0] != texts[1]:
            changed = list(unified_diff(texts[0], texts[1], first.id, second.id, lineterm="", n=1))
            yield f"{title}:"
            yield from (f"  {line}" for line in changed[2 : 2 + _MOST])
            if len(changed) > 2 + _MOST:
                yield f"  ... and {plural(len(changed) - 2 - _MOST, 'line')} more"
    yield from _figures(Shares(first), Shares(second))


def _apart(was: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """What differs in a field: of what has names, each of them."""
    if isinstance(was or {}, dict) and isinstance(now or {}, dict):
        for name in {**(was or {}), **(now or {})}:
            if (one := (was or {}).get(name)) != (other := (now or {}).get(name)):
                yield f"{name}: ", "none" if one is None else one, "none" if other is None else other
    elif was != now:
        yield "", "none" if was is None else was, "none" if now is None else now


def _figures(first: Shares, second: Shares) -> Iterator[str]:
    yield "figures:"
    yield f"  {'seconds':<40} {first.seconds:>12,.1f} {second.seconds:>12,.1f} {_change(first.seconds, second.seconds)}"
    names = {stage.pes: None for each in (first, second) for stage in each.stages}
    for pes in names:
        found = [next((stage for stage in each.stages if stage.pes == pes), None) for each in (first, second)]
        title = next(stage.title for stage in found if stage)
        busy = [stage.busy if stage else 0.0 for stage in found]
        yield f"  {f'{title} busy, seconds':<40.40} {busy[0]:>12,.1f} {busy[1]:>12,.1f} {_change(*busy)}"
    for edge in {**first.edges, **second.edges}:
        counts = [each.edges.get(edge, {}).get("items", 0) for each in (first, second)]
        if counts[0] != counts[1]:
            yield f"  {f'{edge}, items':<40} {counts[0]:>12,} {counts[1]:>12,} {_change(*counts)}"


def _change(was: float, now: float) -> str:
    return f"x{now / was:.2f}" if was else ""
