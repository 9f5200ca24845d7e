"""A plan as text: one line a stage, one a channel, then why neighbours are apart."""

from __future__ import annotations

from ..ir.graph import WIDTH
from ..ir.plan import Channel, Plan


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def size(plan: Plan) -> str:
    """`4 PEs in 2 stages, 1 exchange`."""
    pes, stages, channels = len(plan.graph.pes), len(plan.stages), len(plan.channels)
    return f"{plural(pes, 'PE')} in {plural(stages, 'stage')}, {plural(channels, 'exchange') if channels else 'no exchange'}"


def outline(plan: Plan) -> list[str]:
    """The stages and what joins them; what stands in a program's docstring."""
    times = max(len(stage.times) for stage in plan.stages)
    numbers = max(len(str(stage.number)) for stage in plan.stages)
    pad = " " * (8 + numbers + times)
    out = []
    for stage in plan.stages:
        out.append(f"stage {stage.number:>{numbers}} {stage.times:<{times}}  {stage}")
        channels = plan.channels_from(stage)
        results = [f"{pe}.{port}" for pe, port in plan.graph.results() if pe in stage.pes]
        width = max((len(str(c)) for c in channels), default=0)
        out += [f"{pad} {str(c):<{width}}   {described(c)}" for c in channels]
        out += [f"{pad} {result}   result" for result in results]
    return out


def described(channel: Channel) -> str:
    """A channel's exchange in a word or two."""
    exchange = channel.edge.exchange
    needs = f" (group-by {list(exchange.require)} met by one instance)" if exchange.require else ""
    return f"{exchange}{needs}"


def text(plan: Plan) -> str:
    """The whole plan."""
    out = [f"{plan.graph.name} for {plan.target}: {size(plan)}", "", *outline(plan)]
    if any(stage.instances == WIDTH for stage in plan.stages):
        out += ["", "W is the engine's width, known when the program starts: cores, or Spark's default parallelism"]
    if plan.apart:
        width = max(len(pair) for pair, _ in plan.apart)
        out += ["", "apart", *(f"  {pair:<{width}}  {reason}" for pair, reason in plan.apart)]
    out += ["", "instances"]
    name = max(len(pe.name) for pe in plan.graph.pes)
    for pe in plan.graph.pes:
        count = "xW" if pe.instances == WIDTH else f"x{pe.instances}"
        state = f"keeps state: {pe.why}" if pe.keeps else "no state"
        because = "" if pe.because.startswith("keeps state") else f"{pe.because}; "
        out.append(f"  {pe.name:<{name}}  {count:<4} {because}{state}")
    notes = [*plan.graph.warnings, *plan.notes]
    if notes:
        out += ["", *(f"note: {note}" for note in notes)]
    return "\n".join(out)
