"""What to say of a worker that died: how, what it was at, and the PE's own lines where a signal left them."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Mapping

from d4p.describe.ours import OURS
from d4p.engines.declared import Entry
from d4p.engines.postmortem.notes import DONE, OUTPUTS, POSTPROCESS, PREPROCESS, ROOT, STARTING, WAITING

_FRAME = re.compile(r'  File "(.*)", line (\d+) in (.*)')
#: Of a worker with many instances so many are told.
_MOST = 4
_IDLE = (", about to begin", ", waiting for ", ", done with all its items")


def where(note: tuple[int, ...], names: tuple[str, ...], entries: Mapping[int, Entry]) -> str:
    """What an instance was at, from its note; `names` are those of the stage's PEs."""
    phase, which, number, split = note
    if phase == PREPROCESS or phase == POSTPROCESS:
        return f"in {'preprocess' if phase == PREPROCESS else 'postprocess'} of {names[which]}"
    if phase == STARTING:
        return "about to begin"
    if phase == OUTPUTS:
        return "completing what it wrote"
    if phase == DONE:
        return "done with all its items"
    root = which >= ROOT
    pe, edge = (names[which - ROOT], "") if root else _of(entries.get(which))
    if phase == WAITING:
        return f"waiting for items, after item {number} of {pe}{edge}" if number else "waiting for its first item"
    if split > number or not number:
        return f"reading item {number + 1} of {pe}"
    return f"at item {number} of {pe}{edge}" + (", or reading the next" if split else "")


def _of(entry: Entry | None) -> tuple[str, str]:
    return (entry.pe, f" ({entry.edge})") if entry else ("", "")


def several(told: list[str]) -> str:
    """The instances of a worker, those that were at work before those that weren't, the first of many."""
    told = sorted(told, key=lambda each: any(idle in each for idle in _IDLE))
    more = len(told) - _MOST
    return "; ".join(told[:_MOST]) + (f"; and {more} more" if more > 0 else "")


def own_lines(fault: str) -> str:
    """The PE's own lines of what `faulthandler` wrote, as a traceback; nothing where there are none.

    Of the calls those count that stand together innermost, up to the engine's that made them.
    """
    *_, last = fault.split("(most recent call first):")
    program = os.path.abspath(sys.argv[0])
    kept: list[traceback.FrameSummary] = []
    for file, line, name in _FRAME.findall(last):
        if file.startswith(OURS) or os.path.abspath(file) == program:
            if kept:
                break
        else:
            kept.append(traceback.FrameSummary(file, int(line), name))
    return "".join(["Traceback (the PE's own):\n", *traceback.format_list(reversed(kept))]).rstrip() if kept else ""
