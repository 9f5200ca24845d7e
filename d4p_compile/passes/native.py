"""Leave an aggregate to the engine where it computes what the PE does, and say what each typed channel carries.

The engine hands over what it has aggregated; the PE takes it into its state, and all that comes after is as it was.

>>> from d4p_compile.ir.capabilities import Capabilities
>>> from d4p_compile.ir.sketch import BY, sketch
>>> from d4p_compile.passes import run_passes
>>> from d4p.items.schema import declared_schema
>>> split, total = sketch("split total", total=(BY, 4)).pes
>>> split = replace(split, schemas=(("out", declared_schema([("word", str), ("n", int)])),))
>>> graph = sketch("split total").with_pes([split, replace(total, aggregate=Aggregate("sum", (1,)))])
>>> plan = run_passes(graph, Options(can=Capabilities(natives=frozenset({("sum", "int64")}))))
>>> str(plan.stages[1].native), str(plan.channels[0].columns[0])
('sum of n (int64)', 'n: int64')

A channel between two stages that Python runs stays packed: columns would be made in Python and taken apart in Python.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..ir.exchange import Kind
from ..ir.graph import Aggregate
from ..ir.plan import Channel, Column, Native, Plan, Stage
from .options import Options

ONLY_PYTHON = "packed: only Python reads it"


def native(plan: Plan, options: Options) -> Plan:
    """Set `Stage.native`, and `columns` or `packed` of channels; nothing where the target computes no aggregate."""
    if not options.can.natives:
        return plan
    channels = {channel.number: _typed(plan, channel) for channel in plan.channels}
    stages, notes = [], list(plan.notes)
    for stage in plan.stages:
        head = _head(plan, stage)
        aggregate = plan.graph.by_name[head].aggregate if head else None
        if head is not None and aggregate is not None:
            reason = why_python(plan, stage, aggregate, options)
            if reason is None:
                carried = {c.number: _columns(plan, stage, c, aggregate) for c in plan.channels_into(stage)}
                for number, columns in carried.items():
                    channels[number] = replace(channels[number], columns=columns, packed="")
                stage = replace(stage, native=Native(head, aggregate.kind, next(iter(carried.values()))))
            elif not _joins_parts(plan, stage):
                notes.append(f"{head} is aggregated in Python: {reason}")
        stages.append(stage)
    return replace(plan, stages=tuple(stages), channels=tuple(channels.values()), notes=tuple(notes))


def why_python(plan: Plan, stage: Stage, aggregate: Aggregate, options: Options) -> str | None:
    """Why an engine can't do the work of the aggregate PE at the head of a stage; None where it can."""
    if aggregate.unlike:
        return aggregate.unlike
    channels = plan.channels_into(stage)
    if len({plan.stage_of[c.edge.source].number for c in channels}) == 1:
        if all(c.edge.exchange.kind is Kind.FORWARD for c in channels):
            return f"instance i takes from instance i of {channels[0].edge.source}, and there is no shuffle"
    if aggregate.kind == "count":
        return None
    types: dict[int | str, str] = {}
    for channel in channels:
        port = f"{channel.edge.source}.{channel.edge.output}"
        schema = plan.graph.by_name[channel.edge.source].schema(channel.edge.output)
        if schema is None:
            return f"{port} declares no types of its items"
        places = [_place(schema, field) for field in aggregate.fields]
        if len(set(places)) < len(places) and None not in places:
            return "it takes a field twice"
        for field, place in zip(aggregate.fields, places, strict=True):
            if place is None:
                return f"the items of {port}, ({schema}), have no field {field!r}"
            kind = schema.fields[place].type
            if types.setdefault(field, kind) != kind:
                return f"field {field!r} is {types[field]} on one channel and {kind} on another"
            if (aggregate.kind, kind) not in options.can.natives:
                return f"{aggregate.kind} of {kind} isn't known to be the same in {plan.target}"
    return None


def _joins_parts(plan: Plan, stage: Stage) -> bool:
    """Whether the aggregate takes no more than what other aggregates write: an item an instance."""
    return all(plan.graph.by_name[c.edge.source].aggregate for c in plan.channels_into(stage))


def _typed(plan: Plan, channel: Channel) -> Channel:
    has_schema = plan.graph.by_name[channel.edge.source].schema(channel.edge.output) is not None
    return replace(channel, packed=ONLY_PYTHON if has_schema else "")


def _head(plan: Plan, stage: Stage) -> str | None:
    """The one PE that all channels into a stage lead to, if nothing else comes to it and the stage has no root."""
    heads = {channel.edge.dest for channel in plan.channels_into(stage)}
    if len(heads) != 1 or plan.roots(stage):
        return None
    (head,) = heads
    return None if any(hop.dest == head for hop in plan.hops(stage)) else head


def _columns(plan: Plan, stage: Stage, channel: Channel, aggregate: Aggregate) -> tuple[Column, ...]:
    """What of a channel's items the engine takes, a column for each of the aggregate's fields.

    All channels into a stage give their columns the same names: those of the fields in the schema of the first.
    """
    if aggregate.kind == "count":
        return (Column(f"items_{stage.number}", "int64"),)
    first = plan.channels_into(stage)[0]
    named: Any = plan.graph.by_name[first.edge.source].schema(first.edge.output)
    schema: Any = plan.graph.by_name[channel.edge.source].schema(channel.edge.output)
    names = {place: name for name, place in _names(named, aggregate, stage).items()}
    found = []
    for field in aggregate.fields:
        column = schema.fields[_place(schema, field)]
        found.append(Column(names[_place(named, field)], column.type, field, column.name))
    return tuple(found)


def _names(schema, aggregate: Aggregate, stage: Stage) -> dict[str, int]:
    """`{column: place of the field}`: `n_2` for the field n that stage 2 takes; engines don't tell `n` from `N`."""
    names: dict[str, int] = {}
    for place in dict.fromkeys(_place(schema, field) for field in aggregate.fields):
        name = re.sub(r"[^a-z0-9]+", "_", schema.fields[place].name.lower()).strip("_")
        name = name if name[:1].isalpha() else f"field_{name}"
        while f"{name}_{stage.number}" in names:
            name += "_"
        names[f"{name}_{stage.number}"] = place
    return names


def _place(schema: Any, field: int | str) -> Any:
    """Which of a schema's fields `item[field]` is; None for the name of a tuple's. `verify` has seen that it is one."""
    if schema.form is dict:
        return schema.names.index(field)
    return field % len(schema) if isinstance(field, int) else None
