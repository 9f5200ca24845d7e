"""Bytes in words."""

from __future__ import annotations


def size(count: float | None) -> str:
    """Bytes as people say them: 512 B, 1.5 MB."""
    if not count:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
