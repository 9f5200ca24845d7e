"""How far a running program is: drawn on a terminal or in a notebook, a plain line now and then elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from ..ir.plan import Plan
from .plain import Plain, Silent
from .screen import Screen


@contextlib.contextmanager
def watching(plan: Plan, quiet: bool = False) -> Iterator[Screen]:
    """What shows a run of `plan`: `watch` takes its events, `stdout` and `stderr` are for the program (None: ours)."""
    with _screen(plan, quiet) as screen:
        yield screen


def beside_results(plan: Plan, wanted: bool | None) -> Screen:
    """What shows a run whose results are asked for from Python: in a notebook, elsewhere where it is `wanted`."""
    from .notebook import Drawn, in_notebook

    if wanted is not False and in_notebook():
        return Drawn(plan)
    return _screen(plan, quiet=not wanted)


def _screen(plan: Plan, quiet: bool) -> Screen:
    if quiet:
        return Silent()
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        from .terminal import Drawn

        return Drawn(plan)
    return Plain(plan)
