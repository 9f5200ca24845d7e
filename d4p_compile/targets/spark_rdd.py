"""A Spark job over RDDs: one partition is one instance, exchanges are keyed shuffles."""

from __future__ import annotations

import sys
from pathlib import Path

from ..emit.dataflow import Dialect, also_pairs, blocks
from ..emit.program import render
from ..ir.graph import EXCHANGES
from ..ir.plan import Plan
from .spark_here import available, environment, extras

__all__ = ["available", "command", "environment", "extras", "program"]

WHAT = "Spark RDDs"
NEEDS = "pyspark 3.5 or newer, and Java"
WIDE = True
CARRIES = frozenset(EXCHANGES)
#: The workflow's own modules go to other machines: as a zip in the bundle.
ARCHIVE = "workflow.zip"


def _together(outs: list[str], _: list[str]) -> str:
    return f"[{', '.join(outs)}]"


_SAY = Dialect(
    seeds=lambda instances: f"sc.parallelize(range({instances}), {instances})",
    apply=lambda frame, task, _: f"{frame}.mapPartitionsWithIndex({task})",
    take=lambda out, channels: f"spark.take({out}, {', '.join(map(str, channels))})",
    shuffle=lambda outs, counts, stage, instances, pairs: [
        f"into_{stage.number} = spark.shuffle({_together(outs, counts)}, {instances}, ordered={stage.ordered}"
        f"{also_pairs(pairs)})"
    ],
    together=_together,
    finish=lambda outs, _: f"run.finish({', '.join(outs)})",
    named=lambda numbers, what: f"with run.named({numbers}, {what}):",
)


def program(plan: Plan) -> str:
    """The text of the script."""
    return render("spark_rdd.py.j2", plan, WHAT, blocks=blocks(plan, _SAY))


def command(script: Path) -> list[str]:
    """The command that runs the script."""
    return [sys.executable, str(script)]
