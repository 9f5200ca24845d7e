"""A key, or another part of an item, as an error message shows it."""

from __future__ import annotations

import reprlib
from typing import Any


def short(value: Any) -> str:
    """A repr that is never long, and never fails."""
    try:
        return reprlib.repr(value)
    except Exception:  # an integer of too many digits, a broken __repr__ inside a container
        return f"<{type(value).__qualname__}>"
