"""What the files of a record must be like where they are read here, since a record may come from anywhere. A field that
is missing, or one that this version doesn't know, does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from d4p.items.shape import Shape, fits


def _digest(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-z]+", value) is not None


def _end(value: Any) -> bool:
    return fits(value, [(str, int)]) and len(value) == 2


def _with(must: dict[str, Shape], **may: Shape) -> Callable[[Any], bool]:
    """An object that has some fields, and may have others."""
    return lambda value: fits(value, must) and wrong(value, may) is None


_NUMBER, _TEXT = (int, float), (str, None)
#: Of each file, what its fields must be.
RUN: dict[str, Shape] = {
    "id": str, "state": str, "name": _TEXT, "workflow": _TEXT, "target": _TEXT, "began": _TEXT, "alive": _TEXT,
    "ended": _TEXT, "seconds": (*_NUMBER, None), "width": (int, None), "parameters": (dict, None),
    "source": _TEXT, "folder": _TEXT,
    "cause": ({"message": str}, None), "outputs": ([str], None), "program": (_digest, None),
    "machine": (_with({}, cores=(int, None), memory=(int, None)), None)}  # fmt: skip
_PE = _with({"name": str}, because=str, remedy=str, why=str, instances=(int, str), inputs=dict)
_CHANNEL = _with({"from": _end, "to": _end, "exchange": str}, fields=list)
PLAN: dict[str, Shape] = {"stages": [{"number": int, "pes": [str]}], "pes": [_PE], "channels": [_CHANNEL]}
_INSTANCE = _with({"stage": int, "instance": int, "seconds": {str: _NUMBER}, "received": {str: int}},
                  cpu=(*_NUMBER, None), delayed=(*_NUMBER, None), peak=(int, None), life=(*_NUMBER, None),
                  began=(*_NUMBER, None), process=(int, None), within={str: _NUMBER})  # fmt: skip
#: What each instance of an edge's consumer got, in their order.
_LANES = _with({"items": [int], "bytes": [int]})
#: An item that took long: the item's number among those that the PE's instance received, from 1.
_SLOW = _with({"pe": str, "stage": int, "instance": int, "item": int, "seconds": _NUMBER})
#: How the work of a stage of several PEs falls to them: `share`, all together 1; seconds and calls that were timed.
_PROFILE = _with({"stage": int, "pes": {str: _with({"share": _NUMBER}, seconds=_NUMBER, calls=int)}})
#: A stage of Spark's own: the numbers of its tasks, bytes, and seconds of tasks.
_SPARK = _with({"name": str, "tasks": int}, id=int, failed=int, seconds=_NUMBER, longest=_NUMBER, median=_NUMBER,
               gc=_NUMBER, read=int, written=int, spilled=int)  # fmt: skip
SUMMARY: dict[str, Shape] = {
    "seconds": _NUMBER, "phases": [{"what": str, "seconds": _NUMBER}], "instances": [_INSTANCE],
    "edges": {str: _with({}, items=int, bytes=(int, None), lanes=_LANES)},
    "slowest": [_SLOW], "profile": [_PROFILE], "spark": [_SPARK],
    "failures": {str: _with({}, failed=int, retried=int)}}  # fmt: skip
ERROR: dict[str, Shape] = {"message": str}


def wrong(found: dict[str, Any], shapes: dict[str, Shape]) -> str | None:
    """The first field that isn't as it must be.

    >>> wrong({"state": "done", "width": "two", "more": 1}, RUN), wrong({"state": "done"}, RUN)
    ('width', None)
    """
    return next((name for name, shape in shapes.items() if name in found and not fits(found[name], shape)), None)
