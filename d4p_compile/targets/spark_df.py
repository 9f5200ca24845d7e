"""A Spark job over DataFrames: rows are batches of items, stages run in mapInArrow, exchanges are Spark's shuffles.

It runs on Spark Connect too, which has no RDDs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..emit.dataflow import Dialect, blocks
from ..emit.program import render
from ..ir.graph import EXCHANGES
from ..ir.plan import Plan
from . import Availability
from .spark_here import available as spark_here
from .spark_here import environment, extras

__all__ = ["available", "command", "environment", "extras", "program"]

WHAT = "Spark DataFrames"
NEEDS = "pyspark 3.5 or newer, pyarrow, and Java"
WIDE = True
CARRIES = frozenset(EXCHANGES)
#: The workflow's own modules go to other machines: as a zip in the bundle.
ARCHIVE = "workflow.zip"


def _listed(outs: list[str], counts: list[str]) -> str:
    """Outputs of several stages are put together, which needs their counts."""
    if len(outs) == 1:
        return outs[0]
    return f"run.union([{', '.join(outs)}], instances=[{', '.join(counts)}])"


def _among(channels: list[int]) -> str:
    return f"channel = {channels[0]}" if len(channels) == 1 else f"channel IN ({', '.join(map(str, channels))})"


_SAY = Dialect(
    seeds=lambda instances: f"run.instances({instances})",
    apply=lambda frame, task: f"{frame}.mapInArrow({task}, spark_df.BATCHES)",
    take=lambda out, channels: f'{out}.where("{_among(channels)}")',
    shuffle=lambda outs, counts, instances, ordered: (
        f"spark_df.shuffle({_listed(outs, counts)}, {instances}, ordered={ordered})"
    ),
    finish=lambda outs, counts: f"run.finish({_listed(outs, counts)})",
)


def program(plan: Plan) -> str:
    """The text of the script."""
    return render("spark_df.py.j2", plan, WHAT, blocks=blocks(plan, _SAY))


def command(script: Path) -> list[str]:
    """The command that runs the script."""
    return [sys.executable, str(script)]


def available() -> Availability:
    """Whether DataFrame programs run here: Spark, and pyarrow, which carries items between it and Python."""
    import importlib.util

    found = spark_here()
    if found.runs and importlib.util.find_spec("pyarrow") is None:
        return Availability(False, f"{found.found}, no pyarrow", "pip install 'd4p_compile[spark]'")
    return found
