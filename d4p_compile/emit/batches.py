"""The functions that take a whole batch of a PE's items, and hand on the batches it gives."""

from __future__ import annotations

from .names import quoted
from .shape import Shape
from .stage_names import StageNames


def batch_functions(shape: Shape, names: StageNames, name: str) -> list[str]:
    """A function for each input port that gets batches, and for each output port whose batches several take."""
    out, pe = [], shape.pe(name)
    for port in [port for batched, port in sorted(shape.batched) if batched == name]:
        count = names.count(name)
        call = f"{names.var[name]}.process_batch({{{quoted(port)}: batch}})"
        out += [
            "", f"    def {names.batch_entry(name, port)}(batch):",
            f"        nonlocal {count}",
            f"        {count} += len(batch)",
            f"        {names.send_batches(name)}({call})" if pe.outputs else f"        {call}",
        ]
    for port in pe.outputs if shape.hands_on_batches(pe) else ():
        function = names.out_batch(name, port)
        if shape.batch_goes_to(name, port) is None:
            out += ["", f"    def {function}(batch):", *_fan_out(shape, names, name, port)]
    return out


def _fan_out(shape: Shape, names: StageNames, name: str, port: str) -> list[str]:
    """A batch to all consumers of a port: as a batch, or to those that take no batches item by item."""
    out, one_by_one = [], []
    if (name, port) in shape.counted:
        counter = names.counter(name, port)
        out += [f"        nonlocal {counter}", f"        {counter} += len(batch)"]
    for edge in shape.edges(name, port):
        if shape.takes_batches(edge):
            out.append(f"        {names.batch_entry(edge.dest, edge.input)}(batch)")
            continue
        if edge.key in names.needs:
            one_by_one.append(f"            {names.needs[edge.key]}(item)")
        one_by_one.append(f"            {names.taker(edge)}(stage.own(item))")
    if not shape.edges(name, port):
        one_by_one.append(f"            {names.result(name, port)}(stage.own(item))")
    return [*out, *(["        for item in batch:", *one_by_one] if one_by_one else [])]
