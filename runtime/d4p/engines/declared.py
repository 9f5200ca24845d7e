"""The stages of a program as its `main` declares them, and where items enter each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from d4p.frozen import dataclass
from d4p.stage.channel import Channel
from d4p.stage.function import StageFunction
from d4p.workflow.workflow import Workflow


@dataclass(frozen=True)
class Declared:
    """A stage of a program: how many instances it has, the channels that it takes its items from, and those it sends
    items on. Its instances have numbers from `first` on, in the order of stages. `state`: its PEs that keep state."""

    function: StageFunction
    instances: int
    takes: tuple[Channel, ...] = ()
    sends: tuple[Channel, ...] = ()
    first: int = 0
    state: tuple[str, ...] = ()

    @property
    def all(self) -> range:
        """The numbers of its instances."""
        return range(self.first, self.first + self.instances)


class Stages:
    """The stages that a program has declared.

    Attributes:
        all: in order.
        count: how many instances they have.
        consumer, producer: the stage that takes the items of a channel, and the one that sends them, by its number.
        cyclic: whether some channel leads back.
    """

    def __init__(self) -> None:
        self.all: list[Declared] = []
        self.count = 0
        self.consumer: dict[int, Declared] = {}
        self.producer: dict[int, Declared] = {}
        self.cyclic = False

    def declare(self, function: StageFunction, instances: int, takes: Sequence[Channel] = (),
                sends: Sequence[Channel] = (), state: Sequence[str] = ()) -> None:
        """Declare the next stage."""
        stage = Declared(function, instances, tuple(takes), tuple(sends), self.count, tuple(state))
        self.all.append(stage)
        self.count += instances
        self.consumer |= dict.fromkeys((channel.number for channel in takes), stage)
        self.producer |= dict.fromkeys((channel.number for channel in sends), stage)
        self.cyclic |= any(channel.back for channel in sends)


@dataclass(frozen=True)
class Entry:
    """A channel where it enters a stage: its edge, the PE that takes its items, and whether that PE takes items from
    PEs of its own stage as well, so that the engine isn't alone to count them."""

    edge: str
    pe: str
    mixed: bool


def entries(stages: Iterable[Declared], workflow: Workflow) -> dict[int, Entry]:
    """The entry of each channel by its number."""
    stages = list(stages)
    stage_of = {name: stage.function.info for stage in stages for name in stage.function.info.pes}
    dest_of, mixed = {}, set()
    for source, output, dest, port in workflow.edges():
        dest_of[f"{source}.{output} -> {dest}.{port}"] = dest
        if stage_of.get(source) is stage_of.get(dest):
            mixed.add(dest)
    return {channel.number: Entry(channel.edge, dest_of[channel.edge], dest_of[channel.edge] in mixed)
            for stage in stages for channel in stage.takes}
