"""What a program says of its run beside the results: on stdout, and with --quiet not at all."""

from __future__ import annotations

from collections.abc import Iterable

from d4p.describe.printable import echo

_quiet = False


def be_quiet(wanted: bool) -> None:
    """Say nothing from now on, or say it."""
    global _quiet
    _quiet = wanted


def say(lines: str | Iterable[str]) -> None:
    """Print lines, at once."""
    if not _quiet:
        echo(lines)
