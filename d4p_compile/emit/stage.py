"""The code of one stage: a function that wires its PEs into plain calls and loops.

`shape` decides what is written how, `stage_names` what it is called; the functions for items are in `loops`, those for
batches in `batches`, and what is counted in `counts`. Here is what stands around them: the PEs, what leaves the stage,
and what the runtime is given.
"""

from __future__ import annotations

from ..ir.plan import Plan, Stage
from .batches import batch_functions
from .channels import variable
from .counts import counters, counts, differences
from .layout import WIDTH, filled, wrapped
from .loops import fan_outs, functions
from .names import quoted
from .shape import Shape
from .stage_names import StageNames


def stage_function(plan: Plan, stage: Stage) -> str:
    """The source of `stage_<number>(stage)`, without a trailing newline."""
    shape = Shape(plan, stage)
    names = StageNames(shape)
    out = [*_runs(plan, stage), f"def stage_{stage.number}(stage):"]
    out += _take(shape, names)
    out += [f"    {name} = {expression}" for name, expression in _targets(shape, names)]
    out += wrapped("    ", counters(shape, names), " = 0", " = ")
    if shape.notes_items and any(not shape.hops_into(name, port) for name, port in shape.heads):
        out.append("    at = stage.at  # the number of the item in hand, in memory that outlives this process")
    for name in stage.pes:
        if name not in shape.inlined:
            out += ["", *functions(shape, names, name)]
        out += fan_outs(shape, names, name)
        out += batch_functions(shape, names, name)
    received = differences(shape, names)
    out += received and ["", *received]
    out += ["", *_wiring(shape, names), *_inlined(shape, names), *_ready(shape, names)]
    return "\n".join(out)


def _runs(plan: Plan, stage: Stage) -> list[str]:
    """The decorator that says which PEs the stage runs."""
    arguments = [*map(quoted, stage.pes), *["blocks=True"] * plan.in_blocks(stage)]
    one = f"@d4p.runs({', '.join(arguments)})"
    return [one] if len(one) <= WIDTH else [f"@d4p.runs({filled(arguments, 4)})"]


def _take(shape: Shape, names: StageNames) -> list[str]:
    """The PEs by name; a long list goes over several lines, as a formatter would have it."""
    variables = [names.var[name] for name in shape.stage.pes]
    left = f"({variables[0]},)" if len(variables) == 1 else ", ".join(variables)
    one = f"    {left} = stage.take()"
    return [one] if len(one) <= WIDTH else [f"    ({filled(variables, 8)}) = stage.take()"]


def _targets(shape: Shape, names: StageNames) -> list[tuple[str, str]]:
    """Names for what leaves the stage, channels and results, and for what checks or sorts items on their way."""
    found = []
    for channel in shape.plan.channels_from(shape.stage):
        found.append((names.to[channel.edge.key], f"stage.to({variable(channel)})"))
    for hop in shape.requiring:
        fields = quoted(list(hop.exchange.require))
        found.append((names.needs[hop.key], f"stage.needs({quoted(str(hop))}, {fields})"))
    for pe, port in shape.graph.results():
        if pe in shape.stage.pes:
            found.append((names.result(pe, port), f"stage.result({names.var[pe]}, {quoted(port)})"))
    for name in shape.stage.pes:
        pe = shape.pe(name)
        if shape.waits(name):
            found.append((names.wrote(name), f"stage.written({names.var[name]})"))
        if pe.call.style in ("inputs", "process") and pe.outputs and pe.kind != "pairs":
            found.append((names.send(name), f"stage.sender({names.var[name]})"))
        if pe.outputs and any(name == batched for batched, _ in shape.batched):
            found.append((names.send_batches(name), f"stage.batch_sender({names.var[name]})"))
    if any(shape.pe(name).call.copied and shape.ports_in(name) != [None] for name in shape.stage.pes):
        found.append(("atoms", "stage.atoms  # what nobody can change"))
    return found


def _wiring(shape: Shape, names: StageNames) -> list[str]:
    """What each PE's `write` does."""
    out = []
    for name, port in sorted(shape.counted):
        if shape.counted_alone(name, port):
            (taker,) = names.takers(name, port)
            out.append(f"    {names.out(name, port)} = stage.counted({quoted(f'{name}.{port}')}, {taker})")
    for name in shape.stage.pes:
        pe = shape.pe(name)
        if all(shape.is_tried(name, port) for port in shape.ports_in(name)):
            copied = ", copied=True" if pe.call.copied else ""
            out.append(f"    stage.tries({names.var[name]}{copied})  # {pe.on_error}")
        if not pe.outputs:
            continue
        if shape.next_inlined(name) is not None:
            out.append(f"    stage.wire({names.var[name]})  # only returns: its items go on in the loop above")
        else:
            ports = ", ".join(f"{quoted(port)}: {names.out(name, port)}" for port in pe.outputs)
            more = ", keywords=True" if pe.call.keywords else ""
            out.append(f"    stage.wire({names.var[name]}, {{{ports}}}{more})")
        if shape.hands_on_batches(pe):
            ports = ", ".join(f"{quoted(port)}: {names.out_batch(name, port)}" for port in pe.outputs)
            out.append(f"    stage.wire_batches({names.var[name]}, {{{ports}}})")
    return out


def _inlined(shape: Shape, names: StageNames) -> list[str]:
    """Which loops have written out what a PE returns."""
    out = []
    for head, port in shape.heads:
        written = shape.written_out(head, port)
        pairs = [f"({names.var[name]}, {quoted(shape.pe(name).call.returns)})" for name in written]
        if written:
            arguments = [names.entry(head, port), *pairs]
            one = f"    stage.inline({', '.join(arguments)})"
            several = ["    stage.inline(", *(f"        {argument}," for argument in arguments), "    )"]
            out += [one] if len(one) <= WIDTH else several
    return out


def _ready(shape: Shape, names: StageNames) -> list[str]:
    """What the runtime is given: where items come in, by root and by channel, and what was counted."""
    entries = [f"{quoted(name)}: {_as_loop(shape, names, name, None)}" for name in shape.plan.roots(shape.stage)]
    for channel in shape.plan.channels_into(shape.stage):
        entries.append(f"{variable(channel)}: {_as_loop(shape, names, channel.edge.dest, channel.edge.input)}")
    counted = counts(shape, names)
    received = names.received if any(map(shape.may_drop, shape.stage.pes)) else None
    given = received or f"lambda: {{{', '.join(counted)}}}"
    again = ["repeatable=True"] if shape.stage.repeatable else []
    one = f"    return stage.ready({', '.join(['{' + ', '.join(entries) + '}', given, *again])})"
    if len(one) <= WIDTH:
        return [one]
    return [
        "    return stage.ready(",
        *wrapped("        {", entries, "},"),
        *([f"        {received},"] if received else wrapped("        lambda: {", counted, "},")),
        *(f"        {word}," for word in again),
        "    )",
    ]


def _as_loop(shape: Shape, names: StageNames, name: str, port: str | None) -> str:
    """The function that takes all items of a port: an entry that takes one, because hops lead to it too, in a loop."""
    entry = names.entry(name, port)
    return f"stage.each({entry})" if port is not None and shape.hops_into(name, port) else entry
