"""The passes, in the order they run: from the loaded graph to the numbered plan.

Each is a function `(ir, options) -> ir` in a file of its own; the result of each is verified, always.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ir.graph import Graph
from ..ir.plan import Plan
from .break_cycles import break_cycles
from .fuse import fuse
from .lower import lower
from .native import native
from .number import number
from .options import Options
from .order import order
from .place import place
from .places import places
from .repeat import repeat
from .route import route
from .verify import verify

PASSES: tuple[Callable[[Any, Options], Any], ...] = (break_cycles, place, route, lower, fuse, order, repeat, number,
                                                     places, native)


def run_passes(graph: Graph, options: Options, watch: Callable[[str, Any], None] | None = None) -> Plan:
    """Take a loaded graph through all passes; `watch` is called with each pass's name and result."""
    ir: Any = verify(graph, options)
    if watch:
        watch("load", ir)
    for step in PASSES:
        ir = verify(step(ir, options), options)
        if watch:
            watch(step.__name__, ir)
    return ir


__all__ = ["PASSES", "Options", "lower", "place", "route", "run_passes"]
