"""Mark the channels on which items bring their places, so that they can be put together again in order.

Behind several instances a PE that keeps state would see items in any order. So producers say which run of items each
batch is of, back to the one instance that dealt the runs; where an exchange cuts runs apart between there and a merge,
each item is numbered:

>>> from d4p_compile.ir.sketch import BY, sketch
>>> from d4p_compile.passes import run_passes
>>> from d4p_compile.ir.capabilities import Capabilities
>>> graph = sketch("read work", "work count", "count last", work=3, count=("state", BY, 2), last="state")
>>> for channel in run_passes(graph, Options(can=Capabilities(wide=True))).channels:
...     print(channel, channel.places)
read.out -> work.in runs
work.out -> count.in numbered
count.out -> last.in runs

Items to be paired in the order of their coming bring their places themselves: they are sorted where they are paired.
Nothing is marked where one instance feeds the next, nor behind pairs and in graphs with a cycle, where no order is
promised.
"""

from __future__ import annotations

from dataclasses import replace

from ..ir.exchange import Kind
from ..ir.plan import NOTED, NUMBERED, RUNS, Channel, Plan, Stage
from ..ir.walk import upstream
from .options import Options
from .verify import stages_before


def places(plan: Plan, options: Options) -> Plan:
    """Set `Channel.places`."""
    if not (plan.can.wide and plan.can.in_order) or any(channel.edge.back for channel in plan.channels):
        return plan
    tell = {stage.pes for stage in plan.stages if _tells_order(plan, stage)}
    tell |= upstream(stages_before(plan), tell)
    taken = {channel.number for channel in plan.channels if _takes_order(plan, channel, tell)}
    able: dict[tuple[str, ...], bool] = {}
    for stage in plan.stages:  # numbered, so in topological order
        able[stage.pes] = _tells_places(plan, stage, taken, able)
    found: dict[int, str] = {}
    for stage in reversed(plan.stages):
        merges_later = any(found.get(channel.number) for channel in plan.channels_from(stage))
        for channel in plan.channels_into(stage):
            if channel.number in taken and able[plan.stage_of[channel.edge.source].pes]:
                found[channel.number] = _places(plan, channel, merges_later)
    return replace(plan, channels=tuple(replace(channel, places=found.get(channel.number, ""))
                                        for channel in plan.channels))


def _tells_order(plan: Plan, stage: Stage) -> bool:
    """Whether the order of its items can be told from what a stage does with them, or from which instance gets what it
    sends. Another thing is `Stage.ordered`, so that a task that is run again does the same again."""
    tells = any(plan.graph.by_name[name].state.tells_order for name in stage.pes)
    counts = any(channel.edge.exchange.kind is Kind.ROUND_ROBIN and not plan.deals(channel)
                 for channel in plan.channels_from(stage))
    return tells or counts


def _takes_order(plan: Plan, channel: Channel, tell: set[tuple[str, ...]]) -> bool:
    """Whether the order of a channel's items can be told from the answer, there or further on."""
    dest = plan.graph.by_name[channel.edge.dest]
    if channel.edge.exchange.is_pairs:
        return channel.edge.exchange.kind is Kind.PAIRS and not channel.edge.exchange.fields
    if dest.aggregate is not None and dest.state.any_order:
        return False
    return plan.stage_of[dest.name].pes in tell


def _tells_places(plan: Plan, stage: Stage, taken: set[int], able: dict[tuple[str, ...], bool]) -> bool:
    """Whether a stage's instances can tell the places of what they send: one deals, several know those of what they
    get, which therefore must have some."""
    if stage.instances == 1:
        return True
    if any(plan.graph.by_name[name].kind == "pairs" for name in stage.pes):
        return False
    roots = plan.roots(stage)
    if len(roots) + bool(roots and plan.channels_into(stage)) > 1:  # what is read in splits has its places by them
        return False
    return all(able[plan.stage_of[channel.edge.source].pes] for channel in plan.channels_into(stage)
               if channel.number in taken)


def _places(plan: Plan, channel: Channel, merges_later: bool) -> str:
    source, dest = plan.stage_of[channel.edge.source], plan.stage_of[channel.edge.dest]
    passed_on = dest.instances != 1 and merges_later
    if source.instances == 1 and not passed_on:
        return ""
    kind = channel.edge.exchange.kind
    if channel.edge.exchange.is_pairs:
        return NOTED
    by_item = kind in (Kind.HASH, Kind.BROADCAST) or kind is Kind.ROUND_ROBIN and not plan.deals(channel)
    return NUMBERED if passed_on and by_item else RUNS
