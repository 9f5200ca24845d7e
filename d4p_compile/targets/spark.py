"""A Spark job over RDDs: one partition is one instance, exchanges are keyed shuffles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ..emit.names import quoted
from ..emit.program import count, keeps, render, sends
from ..ir.graph import EXCHANGES
from ..ir.plan import Plan, Stage
from . import Availability

WHAT = "Spark RDDs"
NEEDS = "pyspark 3.5 or newer, and Java"
WIDE = True
CARRIES = frozenset(EXCHANGES)
#: The workflow's own modules go to other machines: as a zip in the bundle.
ARCHIVE = "workflow.zip"


def program(plan: Plan) -> str:
    """The text of the script."""
    blocks = [*(line for stage in plan.stages for line in _stage(plan, stage)), *_finish(plan)]
    return render("spark.py.j2", plan, WHAT, blocks=blocks)


def _stage(plan: Plan, stage: Stage) -> list[str]:
    """The lines of `main` that make one stage's RDD and the shuffles that it alone writes."""
    number, instances = stage.number, count(stage.instances)
    source, root = _source(plan, stage)
    out = _gathered(plan, stage)
    out.append(f"    # stage {number} {stage.times}: {stage.title}")
    out.append(f"    with run.named({number}, stage_{number}.__doc__):")
    to = f", to={sends(plan, stage)}" if plan.channels_from(stage) else ""
    reads = f", root={quoted(root)}" if root else ""
    out.append(f"        arriving = {source}")
    task = f"run.task(stage_{number}, {instances}{to}{reads})"
    out.append(f"        out_{number} = arriving.mapPartitionsWithIndex({task})")
    if _uses(plan, stage) > 1:
        out.append(f"        out_{number} = run.once(out_{number})  # {_uses(plan, stage)} uses: computed once")
    for consumer in _consumers(plan, stage):
        if len(_producers(plan, consumer)) == 1 and not _is_narrow(plan, consumer):
            out += [f"        # {line}" for channel in plan.channels_into(consumer) for line in keeps(channel)]
            out.append(f"        {_shuffle(plan, consumer)}")
    return out


def _gathered(plan: Plan, stage: Stage) -> list[str]:
    """The shuffle into a stage that several stages write."""
    producers = _producers(plan, stage)
    if len(producers) < 2:
        return []
    out = [f"    # {line}" for channel in plan.channels_into(stage) for line in keeps(channel)]
    numbers = ", ".join(str(producer.number) for producer in producers)
    out.append(f'    with run.named("{numbers}", "for " + stage_{stage.number}.__doc__):')
    return [*out, f"        {_shuffle(plan, stage)}"]


def _shuffle(plan: Plan, stage: Stage) -> str:
    taken = ", ".join(_taken(plan, producer, stage) for producer in _producers(plan, stage))
    return f"into_{stage.number} = spark.shuffle([{taken}], {count(stage.instances)}, ordered={stage.ordered})"


def _source(plan: Plan, stage: Stage) -> tuple[str, str | None]:
    """The RDD that a stage's tasks read, and the reader whose items it holds."""
    instances = count(stage.instances)
    if plan.channels_into(stage):
        if _is_narrow(plan, stage):
            return _taken(plan, _producers(plan, stage)[0], stage), None
        return f"into_{stage.number}", None
    roots = plan.roots(stage)
    if len(roots) == 1 and plan.graph.by_name[roots[0]].kind == "reader":
        return f"run.read({quoted(roots[0])}, {instances})", roots[0]
    return f"sc.parallelize(range({instances}), {instances})", None


def _is_narrow(plan: Plan, stage: Stage) -> bool:
    """Instance i takes from instance i of one stage alone: no shuffle."""
    forward = all(c.edge.exchange.kind == "forward" for c in plan.channels_into(stage))
    return forward and len(_producers(plan, stage)) == 1


def _producers(plan: Plan, stage: Stage) -> list[Stage]:
    found = {plan.stage_of[c.edge.source].number: plan.stage_of[c.edge.source] for c in plan.channels_into(stage)}
    return [found[number] for number in sorted(found)]


def _consumers(plan: Plan, stage: Stage) -> list[Stage]:
    found = {plan.stage_of[c.edge.dest].number: plan.stage_of[c.edge.dest] for c in plan.channels_from(stage)}
    return [found[number] for number in sorted(found)]


def _taken(plan: Plan, producer: Stage, consumer: Stage) -> str:
    """What of a producer's output goes to a consumer."""
    name = f"out_{producer.number}"
    if _uses(plan, producer) == 1:
        return name
    channels = [str(c.number) for c in plan.channels_into(consumer) if c.edge.source in producer.pes]
    return f"spark.take({name}, {', '.join(channels)})"


def _uses(plan: Plan, stage: Stage) -> int:
    """How many RDDs are made from a stage's output: one for each consuming stage, one for its results."""
    return len(_consumers(plan, stage)) + any(pe in stage.pes for pe, _ in plan.graph.results())


def _finish(plan: Plan) -> list[str]:
    """The action that runs what is left; in the block of the last stage where that is the only one."""
    last = [stage for stage in plan.stages if _is_last(plan, stage)]
    action = f"        run.finish({', '.join(_last(plan, s) for s in last)})"
    if last == [plan.stages[-1]]:
        return [action]
    return [f'    with run.named("{", ".join(str(s.number) for s in last)}", "results"):', action]


def _is_last(plan: Plan, stage: Stage) -> bool:
    return not plan.channels_from(stage) or any(pe in stage.pes for pe, _ in plan.graph.results())


def _last(plan: Plan, stage: Stage) -> str:
    return f"out_{stage.number}" if not plan.channels_from(stage) else f"spark.take(out_{stage.number}, 0)"


def extras(plan: Plan, folder: Path) -> dict[str, str]:
    """What else goes into the bundle: submit.sh."""
    return {"submit.sh": render("submit.sh.j2", plan, WHAT)}


def environment(bundle: Any) -> dict[str, str]:
    """What `d4p run` adds to the program's environment: settings that keep Spark's noise down."""
    from ..conf import conf_file

    if "SPARK_CONF_DIR" in os.environ or "SPARK_HOME" in os.environ:
        return {}
    return {"SPARK_CONF_DIR": str(conf_file("log4j2.properties").parent)}


def command(script: Path) -> list[str]:
    """The command that runs the script."""
    return [sys.executable, str(script)]


def available() -> Availability:
    from .spark_here import available as here

    return here()
