"""About how large an item is, at little cost."""

from __future__ import annotations

import sys
from typing import Any


def roughly(item: Any, depth: int = 2) -> int:
    """About how many bytes an item holds, at little cost: what lies deeper isn't seen."""
    size = getattr(item, "nbytes", None)
    if type(size) is int:
        return size
    if depth:
        parts = item if type(item) in (tuple, list) else item if type(item) is dict else getattr(item, "__dict__", ())
        if parts:
            values = list(parts.values())[:16] if isinstance(parts, dict) else parts[:16]
            return sum(roughly(value, depth - 1) for value in values)
    return sys.getsizeof(item)
