"""Records without gaps: cut to a window of time, the longest stretch, windows that slide."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np


class Incomplete(ValueError):
    """Not every sample of a window is there."""


def merged(traces: Iterable[Any]) -> list[Any]:
    """The pieces of records, put together: an obspy trace for each id, rate and calibration, float64, in order of
    their first piece. What isn't there (time between pieces, NaN, infinities, masked samples) is masked; where pieces
    overlap and disagree the later one counts."""
    from obspy import Stream

    pieces: dict[tuple, list[Any]] = {}
    for trace in traces:
        trace.data = np.ma.masked_invalid(np.ma.asarray(trace.data, dtype=float), copy=False)
        pieces.setdefault((trace.id, trace.stats.sampling_rate, trace.stats.calib), []).append(trace)
    found = []
    for several in pieces.values():
        whole: Any = several[0]
        if len(several) > 1 and (stretches := Stream(several).split()):  # merge takes no masked samples
            whole = stretches.merge(method=1)[0]
        if np.ma.count_masked(whole.data) == 0:
            whole.data = np.ma.getdata(whole.data)
        found.append(whole)
    return found


def longest(trace: Any) -> tuple[Any, int]:
    """The longest stretch of an obspy trace without a gap, None where all is gap; and how many stretches it has."""
    from obspy import Stream

    stretches = Stream([trace]).split()
    best = max(stretches, key=lambda piece: (piece.stats.npts, -piece.stats.starttime.timestamp), default=None)
    return best, len(stretches)


def cut(trace: Any, start: float, seconds: float) -> Any:
    """The samples of a window: those from `start` up to, but not including, `start + seconds`.

    Args:
        trace: an obspy trace, masked where samples are missing; it isn't changed.
        start: s since 1970 (UTC). The first sample may be up to a sample later.
        seconds: the length of the window.

    Returns:
        A trace with a copy of the data, float64: `round(seconds * rate)` samples.

    Raises:
        Incomplete (a ValueError): not every sample of the window is there; it says how many are.
    """
    from obspy import UTCDateTime

    stats = trace.stats
    npts = round(seconds * stats.sampling_rate)
    first = math.ceil((start - stats.starttime.timestamp) * stats.sampling_rate - 1e-3)
    data = trace.data[max(0, first) : max(0, first + npts)]
    finite = np.ma.masked_invalid(np.ma.asarray(data, dtype=float))
    if np.ma.count(finite) < npts:
        raise Incomplete(f"it has {np.ma.count(finite):,} of the {npts:,} samples from {UTCDateTime(start)} on")
    made = trace.__class__(header=stats.copy())
    made.data = np.ma.getdata(finite)
    made.stats.starttime = stats.starttime + first / stats.sampling_rate
    return made


def sliding(trace: Any, seconds: float, step: float | None = None) -> Iterator[tuple[float, Any]]:
    """Windows that slide over a record: `(start, trace)` for each that has all its samples.

    Args:
        trace: an obspy trace, masked where samples are missing.
        seconds: the length of a window.
        step: from one to the next, s; `seconds` when not given, so that they follow each other. Starts are whole
            multiples of it since 1970: the same for all records.
    """
    step = seconds if step is None else step
    begin, end = trace.stats.starttime.timestamp, trace.stats.endtime.timestamp + trace.stats.delta
    number = math.ceil((begin - trace.stats.delta) / step - 1e-9)
    while number * step + seconds <= end + trace.stats.delta:
        start = number * step
        number += 1
        try:
            yield start, cut(trace, start, seconds)
        except Incomplete:
            continue
