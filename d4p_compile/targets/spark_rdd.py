"""A Spark job over RDDs: one partition is one instance, exchanges are keyed shuffles."""

from __future__ import annotations

import sys
from pathlib import Path

from ..emit.dataflow import Dialect, also_pairs, blocks
from ..emit.program import render
from ..ir.capabilities import Capabilities
from ..ir.plan import Plan
from .spark_here import ARCHIVE, WIDTH, available, environment, extras
from .target import Target

WHAT = "Spark RDDs"


def _together(outs: list[str], _: list[str]) -> str:
    return f"[{', '.join(outs)}]"


_SAY = Dialect(
    seeds=lambda instances: f"sc.parallelize(range({instances}), {instances})",
    apply=lambda frame, task, _: f"{frame}.mapPartitionsWithIndex({task})",
    module="spark_rdd",
    shuffle=lambda outs, counts, stage, instances, pairs: [
        f"into_{stage.number} = spark_rdd.shuffle({_together(outs, counts)}, {instances}, ordered={stage.ordered}"
        f"{also_pairs(pairs)})"
    ],
    together=_together,
    finish=lambda outs, _: f"run.finish({', '.join(outs)})",
    named=lambda stages: f"with run.named({stages}):",
)


def program(plan: Plan) -> str:
    """The text of the script."""
    return render("spark_rdd.py.j2", plan, WHAT, engine="spark_rdd", blocks=blocks(plan, _SAY))


def command(script: Path) -> list[str]:
    """The command that runs the script."""
    return [sys.executable, str(script)]


TARGET = Target(
    name="spark-rdd",
    what=WHAT,
    needs="pyspark 3.5 or newer, and Java",
    can=Capabilities(wide=True, cycles=False, broadcasts_pairs=True, width=WIDTH),
    program=program,
    command=command,
    available=available,
    environment=environment,
    extras=extras,
    archive=ARCHIVE,
)
