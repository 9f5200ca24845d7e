"""Of correlations: stations, lags, and where each has its peak."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from d4p.seismo.correlation import Correlation

from ..show.text import plural

_IDS = 3


def is_correlations(records: Any) -> bool:
    return tuple(records.schema.names) == Correlation._fields


def summary(records: Any, most: int) -> tuple[list[tuple[str, str]], list[str], list[list[str]]]:
    """(facts by name, columns, a row for each of the first records)."""
    columns = records.columns
    first, second = (set(columns.column(name).unique().to_pylist()) for name in ("first", "second"))
    ids = sorted(first | second)
    one = Correlation._make(records[0])
    lags = one.lags()
    facts = [
        ("pairs", f"{plural(len(records), 'pair')} of {plural(len(ids), 'trace')}: {_some(ids)}"),
        ("lags", f"{lags[0]:,.10g} to {lags[-1]:,.10g} s, {len(lags):,} at {one.rate:.10g} Hz{_unlike(columns)}"),
        ("recorded", _times(columns)),
    ]
    rows = []
    for record in records[:most]:
        correlation = Correlation._make(record)
        peak, lag = correlation.peak()
        rows.append([correlation.first, correlation.second, f"{peak:+.4g}", f"{lag:+.6g} s"])
    return facts, ["first", "second", "peak", "at lag"], rows


def _some(ids: list[str]) -> str:
    return ", ".join(ids) if len(ids) <= _IDS + 1 else f"{', '.join(ids[:_IDS])}, ... {ids[-1]}"


def _unlike(columns: Any) -> str:
    others = [name for name in ("rate", "first_lag") if len(columns.column(name).unique()) > 1]
    return f" (of the first; {' and '.join(others)} differ)" if others else ""


def _times(columns: Any) -> str:
    starts = columns.column("start").unique().to_pylist()
    return _time(min(starts)) if len(starts) == 1 else (
        f"from {len(starts):,} times between {_time(min(starts))} and {_time(max(starts))}")  # fmt: skip


def _time(seconds: float) -> str:
    """
    >>> _time(1641081600.25)
    '2022-01-02T00:00:00.250000Z'
    """
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")
