"""`d4p peek`: what is in a file or folder that a run wrote."""

from __future__ import annotations

from .show import peek

__all__ = ["peek"]
