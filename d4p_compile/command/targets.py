"""`d4p targets`: what there is, and what runs on this machine."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from ..show.page import borderless, cell, page
from ..targets import ALIASES, TARGETS, Availability


def rows() -> Iterator[tuple[str, str, str, Availability]]:
    """(name, other names, what it needs, whether it runs) of each target; one that can't be asked says why."""
    for name, module in TARGETS.items():
        also = ", ".join(alias for alias, meant in ALIASES.items() if meant == name)
        try:
            engine = importlib.import_module(module, "d4p_compile.targets").TARGET
        except ImportError as error:
            yield name, also, "", Availability(False, f"not in this version of d4p ({error})")
            continue
        try:
            yield name, also, engine.needs, engine.available()
        except Exception as error:
            yield name, also, engine.needs, Availability(False, f"can't tell: {type(error).__name__}: {error}")


def table() -> None:
    """Print the table on stdout, as wide as the terminal."""
    shown = borderless()
    shown.add_column("target", no_wrap=True)
    shown.add_column("also known as", no_wrap=True)
    shown.add_column("needs")
    shown.add_column("runs here", no_wrap=True)
    shown.add_column("found, or what to do", overflow="fold")
    for name, also, needs, available in rows():
        remedy = "" if available.runs or not available.remedy else f": {available.remedy}"
        shown.add_row(name, also, needs, "yes" if available.runs else "no", cell(available.details + remedy))
    with page() as console:
        console.print(shown)
