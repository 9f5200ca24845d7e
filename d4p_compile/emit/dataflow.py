"""The `main` of a Spark program: for each stage the frame it takes, its tasks, the shuffles that it writes.

What is said about stages is the same for RDDs and DataFrames; a `Dialect` is how each of them says it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..ir.exchange import Kind
from ..ir.plan import Channel, Plan, Stage
from .channels import listed, variable
from .layout import broken
from .names import quoted
from .program import count

#: Lines of `main` are broken that would be longer, without their indentation.
LINE = 112
#: What an argument of a call may have of a line.
_LONG = LINE - 12


@dataclass(frozen=True)
class Dialect:
    """Expressions of one kind of Spark program.

    Attributes:
        seeds: of the count of instances: what a stage without inputs takes.
        apply: of the name of a frame, the task and the name of the columns it gives, if any: the frame with the stage
            applied to it.
        module: the engine's, whose `take` gives the batches of some channels of an output, `results` those of results.
        shuffle: of the outputs, the counts of instances that wrote them, the consumer, its count of instances, and its
            channels for pairs: the lines that make `into_<number of the consumer>`.
        together: of the outputs and the counts: all of them as an argument.
        finish: of the outputs and the counts of instances that wrote them.
        columns: of a stage: the lines that make `columns`, those of its channels; none where it has none.
        named: of the arguments that say which stages: the `with` under which their shuffles are called.
    """

    seeds: Callable[[str], str]
    apply: Callable[[str, str, str], str]
    module: str
    shuffle: Callable[[list[str], list[str], Stage, str, tuple[Channel, ...]], list[str]]
    together: Callable[[list[str], list[str]], str]
    finish: Callable[[list[str], list[str]], str]
    columns: Callable[[Plan, Stage], list[str]] | None = None
    named: Callable[[str], str] | None = None


def blocks(plan: Plan, say: Dialect) -> list[str]:
    """The lines of `main`."""
    return [*(line for stage in plan.stages for line in _stage(plan, stage, say)), *_finish(plan, say)]


def _stage(plan: Plan, stage: Stage, say: Dialect) -> list[str]:
    """The lines that make one stage's frame and the shuffles that it alone writes."""
    number, instances = stage.number, count(stage.instances)
    source, root = _source(plan, stage, say)
    arguments = [f"stage_{number}", instances]
    to, sends = _sends(plan, stage)
    arguments += [f"to={to}"] if to else []
    arguments += [f"root={quoted(root)}"] if root else []
    arguments += [f"aggregate={quoted(stage.native.pe)}"] if stage.native else []
    arriving, body = (source, []) if source.isidentifier() else ("arriving", [f"arriving = {source}"])
    body += sends
    columns = say.columns(plan, stage) if say.columns else []
    arguments += ["columns=columns"] if columns else []
    frame = "columns" if columns else ""
    applied = f"out_{number} = " + say.apply(arriving, f"run.task({', '.join(arguments)})", frame)
    if columns or len(applied) > LINE:
        body += [*columns, *broken("task = run.task(", arguments, ")", LINE)]
        applied = f"out_{number} = " + say.apply(arriving, "task", frame)
    body.append(applied)
    if _uses(plan, stage) > 1:
        body.append(f"out_{number} = run.once(out_{number})  # {_uses(plan, stage)} uses: computed once")
    for consumer in _consumers(plan, stage):
        if len(_producers(plan, consumer)) == 1 and not _is_narrow(plan, consumer):
            body += _shuffle(plan, consumer, say)
    out = _gathered(plan, stage, say)
    out.append(f"    # stage {number} {stage.times}: {stage.title}")
    return [*out, *_under(say, f"stage_{number}", body)]


def _sends(plan: Plan, stage: Stage) -> tuple[str, list[str]]:
    """`{channel: instances of its consumer}` as an expression, and the lines that come before it where it is long."""
    pairs = [f"{variable(c)}: {count(plan.stage_of[c.edge.dest].instances)}" for c in plan.channels_from(stage)]
    lines = broken("sends = {", pairs, "}", _LONG)
    if len(lines) > 1:
        return "sends", lines
    return "{" + ", ".join(pairs) + "}" if pairs else "", []


def _under(say: Dialect, stages: str, body: list[str]) -> list[str]:
    if say.named is None:
        return [f"    {line}" for line in body]
    return [f"    {say.named(stages)}", *(f"        {line}" for line in body)]


def _gathered(plan: Plan, stage: Stage, say: Dialect) -> list[str]:
    """The shuffle into a stage that several stages write."""
    producers = _producers(plan, stage)
    if len(producers) < 2:
        return []
    stages = [f"stage_{producer.number}" for producer in producers]
    return _under(say, ", ".join([*stages, f"to=stage_{stage.number}"]), _shuffle(plan, stage, say))


def _shuffle(plan: Plan, stage: Stage, say: Dialect) -> list[str]:
    producers = _producers(plan, stage)
    taken = [_taken(plan, producer, stage, say) for producer in producers]
    counts = [count(producer.instances) for producer in producers]
    into = plan.channels_into(stage)
    pairs = tuple(c for c in into if c.edge.exchange.is_pairs)
    if len(pairs) < len(into):
        return _with_channels(say.shuffle(taken, counts, stage, count(stage.instances), pairs), into)
    given = [say.together(taken, counts), count(stage.instances), listed(pairs)]
    return [
        "# by a broadcast where the items are few and that moves less, else by tiles as keys: the run says which",
        *broken(f"into_{stage.number} = run.pairs(", given, ")", LINE),
    ]


def _with_channels(lines: list[str], channels: tuple[Channel, ...]) -> list[str]:
    """The lines of a shuffle, with the channels that it is of where it doesn't name them itself."""
    unnamed = [name for name in map(variable, channels) if not re.search(rf"\b{name}\b", " ".join(lines))]
    comment = f"# {', '.join(unnamed)}"
    if not unnamed:
        return lines
    if len(lines[-1]) + len(comment) + 2 <= LINE:
        return [*lines[:-1], f"{lines[-1]}  {comment}"]
    return [comment, *lines]


def also_pairs(pairs: tuple[Channel, ...]) -> str:
    """What a shuffle is told where some of its channels are for pairs."""
    return f", pairs={listed(pairs)}" if pairs else ""


def _source(plan: Plan, stage: Stage, say: Dialect) -> tuple[str, str | None]:
    """What a stage's tasks read, and the reader whose items it holds."""
    instances = count(stage.instances)
    if plan.channels_into(stage):
        if _is_narrow(plan, stage):
            return _taken(plan, _producers(plan, stage)[0], stage, say), None
        return f"into_{stage.number}", None
    roots = plan.roots(stage)
    if len(roots) == 1 and plan.graph.by_name[roots[0]].kind == "reader":
        merged = stage.instances != 1 and any(channel.places for channel in plan.channels_from(stage))
        how = ", blocks=True" if plan.in_blocks(stage) else ", in_order=True" if merged else ""
        return f"run.read({quoted(roots[0])}, {instances}{how})", roots[0]
    return say.seeds(instances), None


def _is_narrow(plan: Plan, stage: Stage) -> bool:
    """Instance i takes from instance i of one stage alone: no shuffle."""
    forward = all(c.edge.exchange.kind is Kind.FORWARD for c in plan.channels_into(stage))
    return forward and len(_producers(plan, stage)) == 1


def _producers(plan: Plan, stage: Stage) -> list[Stage]:
    found = {plan.stage_of[c.edge.source].number: plan.stage_of[c.edge.source] for c in plan.channels_into(stage)}
    return [found[number] for number in sorted(found)]


def _consumers(plan: Plan, stage: Stage) -> list[Stage]:
    found = {plan.stage_of[c.edge.dest].number: plan.stage_of[c.edge.dest] for c in plan.channels_from(stage)}
    return [found[number] for number in sorted(found)]


def _taken(plan: Plan, producer: Stage, consumer: Stage, say: Dialect) -> str:
    """What of a producer's output goes to a consumer."""
    name = f"out_{producer.number}"
    if _uses(plan, producer) == 1:
        return name
    channels = [variable(c) for c in plan.channels_into(consumer) if c.edge.source in producer.pes]
    return f"{say.module}.take({name}, {', '.join(channels)})"


def _uses(plan: Plan, stage: Stage) -> int:
    """How many frames are made from a stage's output: one for each consuming stage, one for its results."""
    return len(_consumers(plan, stage)) + any(pe in stage.pes for pe, _ in plan.graph.results())


def _finish(plan: Plan, say: Dialect) -> list[str]:
    """The action that runs what is left; in the block of the last stage where that is the only one."""
    last = [stage for stage in plan.stages if _is_last(plan, stage)]
    action = say.finish([_last(plan, stage, say) for stage in last], [count(stage.instances) for stage in last])
    if say.named is None:
        return [f"    {action}"]
    if last == [plan.stages[-1]]:
        return [f"        {action}"]
    stages = ", ".join(f"stage_{stage.number}" for stage in last)
    return _under(say, f'{stages}, to="results"', [action])


def _is_last(plan: Plan, stage: Stage) -> bool:
    return not plan.channels_from(stage) or any(pe in stage.pes for pe, _ in plan.graph.results())


def _last(plan: Plan, stage: Stage, say: Dialect) -> str:
    return f"{say.module}.results(out_{stage.number})" if plan.channels_from(stage) else f"out_{stage.number}"
