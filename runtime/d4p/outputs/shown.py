"""What the terminal shows of a result."""

from __future__ import annotations

from typing import Any

from d4p.describe.tracebacks import short

#: Items that the terminal shows, and the characters of each.
FIRST, LONGEST = 20, 150


def shown(item: Any) -> str:
    """An item as the terminal shows it."""
    return short(item, LONGEST).replace("\n", " ")
