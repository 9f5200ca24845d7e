"""Modules that are there: whoever looks for arrays among items imports no numpy for it."""

from __future__ import annotations

import sys
from typing import Any


def imported(name: str) -> Any:
    """A module that was imported, and None where nobody has done that, or another thread is still about it: what it
    defines isn't there yet, and nothing made of it can be among items."""
    module = sys.modules.get(name)
    if module is None or getattr(getattr(module, "__spec__", None), "_initializing", False):
        return None
    return module
