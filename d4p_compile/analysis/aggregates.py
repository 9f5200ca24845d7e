"""Which PEs are the library's aggregates: just these, as the library made them, so that an engine may do their work."""

from __future__ import annotations

import inspect
from typing import Any

from d4p.library import aggregate

from ..ir.graph import Aggregate

_KINDS = {
    aggregate.CountPE: "count",
    aggregate.SumPE: "sum",
    aggregate.MinPE: "min",
    aggregate.MaxPE: "max",
    aggregate.AverageParallelPE: "average",
}
_CHOOSE = {"min": min, "max": max}


def aggregate_of(pe: Any) -> Aggregate | None:
    """What a library aggregate does; `unlike` says what the workflow made different. None for any other PE.

    >>> aggregate_of(aggregate.SumPE([1]))
    Aggregate(kind='sum', fields=(1,), unlike='')
    """
    kind = _KINDS.get(type(pe))
    if kind is None:
        return None
    fields = () if kind == "count" else (pe.index,) if kind == "average" else tuple(pe.indexes)
    return Aggregate(kind, fields if all(type(f) in (int, str) for f in fields) else (), _unlike(pe, kind, fields))


def _unlike(pe: Any, kind: str, fields: tuple) -> str:
    """What makes a PE another than its class in the library says."""
    if strange := [f for f in fields if type(f) not in (int, str)]:
        return f"its field {strange[0]!r} is neither an index nor a name"
    if not fields and kind != "count":
        return "it has no field"
    methods = {name for name, _ in inspect.getmembers(type(pe), callable) if not name.startswith("__")}
    if replaced := sorted(methods & set(vars(pe))):
        return f"its {replaced[0]} is replaced"
    for name in sorted(methods):
        method = getattr(type(pe), name)
        ours = str(getattr(method, "__module__", "")).split(".")[0] == "d4p"  # its old modules add some to all PEs
        if not ours and method is not _CHOOSE.get(kind):
            return f"{name} of {type(pe).__name__} is replaced"
    if set(pe.inputconnections) != {pe.INPUT_NAME}:
        return "it has other inputs"
    if _state(pe) != _state(_fresh(pe, kind, fields)):
        return "it doesn't start from nothing"
    return ""


def _state(pe: Any) -> str:
    """What it has aggregated so far, with the types."""
    return repr([(name, vars(pe)[name]) for name in ("value", "seen", "count", "sum") if name in vars(pe)])


def _fresh(pe: Any, kind: str, fields: tuple) -> Any:
    if kind == "count":
        return type(pe)()
    return type(pe)(fields[0]) if kind == "average" else type(pe)(fields)
