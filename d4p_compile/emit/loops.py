"""The functions that take a PE's items one by one, and those that hand an item to several consumers.

A hop whose producer only returns is written inline, so a chain is one flat loop whatever its length; a producer
that may call `write` gets a function for what follows it.
"""

from __future__ import annotations

from d4p.graph.inline import ITEM

from ..analysis.inline import with_variable
from ..ir.graph import Pe
from .layout import wrapped
from .names import quoted
from .shape import Shape
from .stage_names import StageNames


def functions(shape: Shape, names: StageNames, name: str) -> list[str]:
    """The function(s) that take the items of one PE, with the flat tail of what is inlined after it."""
    out: list[str] = []
    for port in shape.ports_in(name):
        if out:
            out.append("")
        loop = not shape.hops_into(name, port)
        if shape.deep and not loop:
            out.append("    @stage.bounded")
        out.append(f"    def {names.entry(name, port)}({'items' if loop else 'item'}):")
        pad = "            " if loop else "        "
        body = _body(shape, names, name, port, pad, "continue" if loop else "return")
        counters = sorted({line.split()[0] for line in body if line.split()[1:] == ["+=", "1"]})
        out += wrapped("        nonlocal ", counters)
        if loop:
            out.append("        for item in items:")
            if shape.notes_items:
                body.insert(1, f"{pad}at[0] = {names.count(name)}")
        out += body
    return out


def _body(shape: Shape, names: StageNames, name: str, port: str | None, pad: str, leave: str) -> list[str]:
    """What is done with one item, from the PE that it enters to where it leaves the loop."""
    out = [f"{pad}{names.count(name)} += 1"]
    while True:
        pe = shape.pe(name)
        if shape.is_written_out(name, port):
            expression = with_variable(pe.call.returns, names.var[name])
            out.append(f"{pad}# {name} hands on what it gets" if expression == ITEM else
                       f"{pad}{ITEM} = {expression}  # {name}")
        else:
            out += _guarded(shape, names, name, port, pad)
        if pe.call.style == "consumer" or pe.kind == "pairs" or not pe.outputs:
            return out
        if pe.call.style in ("inputs", "process"):
            out += [f"{pad}if result is not None:", f"{pad}    {names.send(name)}(result)"]
            return out
        after = shape.next_inlined(name)
        if after is None and (pe.kind == "reader" or shape.always_gives(name)):
            return [*out, f"{pad}{names.out(name, pe.call.output)}(item)"]
        if after is None:
            return [*out, f"{pad}if item is not None:", f"{pad}    {names.out(name, pe.call.output)}(item)"]
        if shape.may_drop(name):
            out += [f"{pad}if item is None:", f"{pad}    {names.dropped(name)} += 1", f"{pad}    {leave}"]
        out += [f"{pad}{names.needs[edge.key]}(item)" for edge in shape.required(name, pe.call.output)]
        name, port = after.dest, after.input


def _call(var: str, pe: Pe, port: str | None, pad: str, copied: bool = False) -> list[str]:
    """The call of a PE with one item, or a copy of it, in the form of its class; a reader's item is what it gives."""
    if pe.kind == "reader":
        return []
    if port is None:
        item = f"{'stage.own(item)' if copied else 'item'}{f'[{quoted(pe.inputs[0].name)}]' if pe.inputs else ''}"
    else:
        item = "item if type(item) in atoms else stage.own(item)" if copied else "item"
    if pe.call.style in ("iterative", "producer"):
        return [f"{pad}item = {var}._process({item})"]
    if pe.call.style == "consumer":
        return [f"{pad}{var}._process({item})"]
    argument = "item" if port is None else f"{{{quoted(port)}: item}}"
    method = "_process" if pe.call.style == "inputs" else "process"
    kept = "result = " if pe.outputs and pe.kind != "pairs" else ""
    return [f"{pad}{kept}{var}.{method}({argument})"]


def _guarded(shape: Shape, names: StageNames, name: str, port: str | None, pad: str) -> list[str]:
    """A call, or where the PE has a policy for what it raises, that and what is done then; what it wrote goes on once
    it is done with the item."""
    pe, var = shape.pe(name), names.var[name]
    if not shape.is_tried(name, port):
        return _call(var, pe, port, pad)
    kept = "" if pe.call.style == "consumer" else "item = "
    call = _call(var, pe, port, f"{pad}    ", pe.call.copied)
    out = [f"{pad}try:", *call, f"{pad}except Exception as error:", f"{pad}    {kept}stage.failed({var}, item, error)"]
    if shape.waits(name):
        wrote = names.wrote(name)
        out += [f"{pad}while {wrote}:", f"{pad}    {names.out(name, pe.call.output)}({wrote}.popleft())"]
    return out


def fan_outs(shape: Shape, names: StageNames, name: str) -> list[str]:
    """A function for each output port whose items go to several consumers, or are counted or checked on the way."""
    out = []
    if shape.next_inlined(name) is not None:  # they go on in its own loop, which does the same
        return out
    for port in shape.pe(name).outputs:
        function = names.out(name, port)
        takers = names.takers(name, port)
        if function == takers[0] or shape.counted_alone(name, port):
            continue
        out += ["", f"    def {function}(item):"]
        if (name, port) in shape.counted:
            counter = names.counter(name, port)
            out += [f"        nonlocal {counter}", f"        {counter} += 1"]
        out += [f"        {names.needs[edge.key]}(item)" for edge in shape.required(name, port)]
        if len(takers) > 1:
            out.append(f"        # {len(takers)} consumers: each gets an item of its own")
        out += [f"        {taker}(stage.own(item))" for taker in takers[:-1]]
        out.append(f"        {takers[-1]}(item)")
    return out
