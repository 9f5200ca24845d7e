"""A Spark job over RDDs: one partition is one instance, exchanges are keyed shuffles."""

from __future__ import annotations

import sys
from pathlib import Path

from ..emit.names import quoted
from ..emit.program import count, keeps, render, sends
from ..ir.graph import EXCHANGES
from ..ir.plan import Plan, Stage
from . import Availability

WHAT = "Spark RDDs"
NEEDS = "pyspark 3.5 or newer, and Java"
WIDE = True
CARRIES = frozenset(EXCHANGES)


def program(plan: Plan) -> str:
    """The text of the script."""
    blocks = ["\n".join(_stage(plan, stage)) for stage in plan.stages]
    blocks.append("\n".join(_finish(plan)))
    return render("spark.py.j2", plan, WHAT, blocks=blocks)


def _stage(plan: Plan, stage: Stage) -> list[str]:
    """The lines of `main` that make one stage's RDD."""
    number, instances = stage.number, count(stage.instances)
    out = [f"    # {keeps(channel)}" for channel in plan.channels_into(stage)]
    out.append(f"    # stage {number} {stage.times}: {stage}")
    out.append(f"    with run.named({number}, stage_{number}.__doc__):")
    source, root = _source(plan, stage)
    to = f", to={sends(plan, stage)}" if plan.channels_from(stage) else ""
    reads = f", root={quoted(root)}" if root else ""
    out.append(f"        arriving = {source}")
    out.append(f"        out_{number} = arriving.mapPartitionsWithIndex(run.task(stage_{number}, {instances}{to}{reads}))")
    if _uses(plan, stage) > 1:
        out.append(f"        out_{number} = run.once(out_{number})  # {_uses(plan, stage)} uses: computed once")
    return out


def _source(plan: Plan, stage: Stage) -> tuple[str, str | None]:
    """The RDD that a stage's tasks read, and the reader whose items it holds."""
    instances = count(stage.instances)
    channels = plan.channels_into(stage)
    roots = plan.roots(stage)
    if not channels:
        if len(roots) == 1 and plan.graph.by_name[roots[0]].kind == "reader":
            return f"run.read({quoted(roots[0])}, {instances})", roots[0]
        return f"sc.parallelize(range({instances}), {instances})", None
    by_stage: dict[int, list[int]] = {}
    for channel in channels:
        by_stage.setdefault(plan.stage_of[channel.edge.source].number, []).append(channel.number)
    producers = {plan.stage_of[c.edge.source].number: plan.stage_of[c.edge.source] for c in channels}
    taken = [_taken(plan, producers[number], numbers) for number, numbers in by_stage.items()]
    forward = all(c.edge.exchange.kind == "forward" for c in channels)
    if forward and len(taken) == 1:
        return taken[0], None
    return f"spark.shuffle([{', '.join(taken)}], {instances}, ordered={stage.ordered})", None


def _taken(plan: Plan, producer: Stage, channels: list[int]) -> str:
    name = f"out_{producer.number}"
    if _uses(plan, producer) == 1:
        return name
    return f"spark.take({name}, {', '.join(map(str, channels))})"


def _uses(plan: Plan, stage: Stage) -> int:
    """How many RDDs are made from a stage's output: one for each consuming stage, one for its results."""
    consumers = {plan.stage_of[c.edge.dest].number for c in plan.channels_from(stage)}
    return len(consumers) + any(pe in stage.pes for pe, _ in plan.graph.results())


def _finish(plan: Plan) -> list[str]:
    last = [stage for stage in plan.stages if _is_last(plan, stage)]
    numbers, pes = ", ".join(str(s.number) for s in last), " + ".join(f"stage_{s.number}.__doc__" for s in last[:1])
    if len(last) > 1:
        pes = '"results"'
    name = numbers if len(last) == 1 else quoted(numbers)
    return [f"    with run.named({name}, {pes}):", f"        run.finish({', '.join(_last(plan, s) for s in last)})"]


def _is_last(plan: Plan, stage: Stage) -> bool:
    return not plan.channels_from(stage) or any(pe in stage.pes for pe, _ in plan.graph.results())


def _last(plan: Plan, stage: Stage) -> str:
    return f"out_{stage.number}" if not plan.channels_from(stage) else f"spark.take(out_{stage.number}, 0)"


def command(script: Path) -> list[str]:
    """The command that runs the script."""
    return [sys.executable, str(script)]


def available() -> Availability:
    from .spark_here import available as here

    return here()
