"""A bundle for one run, in the folder of that run."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from d4p.host.runfolder import RunFolder

from ..front.load import Loaded, modules_of
from ..ir.plan import Plan
from ..targets import target
from .bundle import LONGEST, Bundle, write_bundle


def temporary_bundle(loaded: Loaded, made: Plan, include: Iterable[Path] = ()) -> tuple[Bundle, RunFolder]:
    """A bundle for one run. A live graph is pickled into it, and the modules that its PEs are of go with it."""
    holder, pickled = RunFolder(), None
    try:
        if loaded.origin.live:
            from ..front.pickled import pickled as as_bytes  # here, as few graphs are live

            names, pickled = as_bytes(loaded.graph)
            loaded = replace(loaded, modules=modules_of(names))
            if not loaded.origin.module:  # a user's own, and no replay of one that has a module
                print(f"the graph has no module: it was pickled, {len(pickled):,} bytes", file=sys.stderr)
        return write_bundle(made, loaded, Path(holder.name) / made.graph.name[:LONGEST].replace(" ", "-"),
                            include=include, graph_pickle=pickled, linked=target(made.target).here), holder
    except BaseException:
        holder.cleanup()
        raise
