"""Where items enter each stage: found by letting the stages' functions wire nothing, and noting what they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from d4p.workflow.workflow import Workflow


@dataclass(frozen=True)
class Entry:
    """A channel where it enters a stage: its edge, the PE that takes its items, and whether that PE takes items from
    PEs of its own stage as well, so that the engine isn't alone to count them."""

    edge: str
    pe: str
    mixed: bool


class _Listener:
    """Stands in for a stage and everything it hands out."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.edges: dict[int, str] = {}

    def take(self, *names: str) -> tuple[_Listener, ...]:
        self.names = names
        return (self,) * len(names)

    def to(self, channel: int, edge: str, *rest: Any, **more: Any) -> None:
        self.edges[channel] = edge

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments, **more: None


def names(function: Callable) -> tuple[str, ...]:
    """The names of a stage's PEs in their order."""
    listener = _Listener()
    function(listener)
    return listener.names


def entries(functions: Iterable[Callable], workflow: Workflow) -> tuple[dict[int, Entry], Mapping[Callable, tuple]]:
    """The entry of each channel by its number, and the names of each stage's PEs in their order."""
    heard: dict[Callable, _Listener] = {}
    for function in functions:
        heard[function] = _Listener()
        function(heard[function])
    stage_of = {name: function for function, listener in heard.items() for name in listener.names}
    dest_of, mixed = {}, set()
    for source, output, dest, port in workflow.edges():
        dest_of[f"{source}.{output} -> {dest}.{port}"] = dest
        if stage_of.get(source) is stage_of.get(dest):
            mixed.add(dest)
    found = {channel: Entry(edge, dest_of[edge], dest_of[edge] in mixed)
             for listener in heard.values() for channel, edge in listener.edges.items()}
    return found, {function: listener.names for function, listener in heard.items()}
