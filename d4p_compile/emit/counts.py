"""The counters of a stage: the item number in an error message, and the items on each edge in the summary.

They are plain integers. A chain counts what enters it and what its PEs drop; the rest is a difference.
"""

from __future__ import annotations

from .layout import WIDTH, wrapped
from .names import quoted
from .shape import Shape
from .stage_names import StageNames


def counters(shape: Shape, names: StageNames) -> list[str]:
    """What enters each chain, what is dropped in it, and what nobody else counts."""
    entering = [names.count(name) for name in shape.stage.pes if name not in shape.inlined]
    dropped = [names.dropped(name) for name in shape.stage.pes if shape.may_drop(name)]
    return [*entering, *dropped, *(names.counter(*port) for port in _counted_here(shape))]


def counts(shape: Shape, names: StageNames) -> list[str]:
    """`name: variable` for what each PE received and each counted port was given."""
    received = [f"{quoted(name)}: {_received_by(shape, names, name)}" for name in shape.stage.pes]
    given = [f"{quoted(f'{pe}.{port}')}: {names.counter(pe, port)}" for pe, port in _counted_here(shape)]
    return received + given


def _counted_here(shape: Shape) -> list[tuple[str, str]]:
    """The ports that the stage counts itself."""
    return sorted(port for port in shape.counted if not shape.counted_alone(*port))


def differences(shape: Shape, names: StageNames) -> list[str]:
    """A function that gives what each PE received, where that isn't counted one by one."""
    found = []
    for name in shape.stage.pes:
        if name in shape.inlined:
            (edge,) = shape.graph.edges_in[name]
            if shape.may_drop(edge.source):
                before = _received_by(shape, names, edge.source)
                found.append(f"        {names.count(name)} = {before} - {names.dropped(edge.source)}")
    if not found:
        return []
    words = counts(shape, names)
    one = f"        return {{{', '.join(words)}}}"
    given = [one] if len(one) <= WIDTH else wrapped("        return {", words, "}")
    return [f"    def {names.received}():", *found, *given]


def _received_by(shape: Shape, names: StageNames, name: str) -> str:
    """The variable with what a PE received."""
    while name in shape.inlined:
        (edge,) = shape.graph.edges_in[name]
        if shape.may_drop(edge.source):
            break
        name = edge.source  # a reader drops nothing
    return names.count(name)
