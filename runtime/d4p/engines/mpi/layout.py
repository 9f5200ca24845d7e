"""Which rank holds which instances."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Declared:
    """A stage of the program: its instances have the numbers from `first` on, in the order of stages."""

    function: Callable
    instances: int
    to: dict[int, int]
    inputs: tuple[int, ...]
    first: int
    back: frozenset[int] = frozenset()  # those of `to` that lead back

    @property
    def all(self) -> range:
        """The numbers of its instances."""
        return range(self.first, self.first + self.instances)


@dataclass(frozen=True)
class Placement:
    """One instance: its number among all, its stage, and its index in that."""

    number: int
    stage: Declared
    index: int

    def __str__(self) -> str:
        number = self.stage.function.__name__.removeprefix("stage_")
        return f"stage {number} ({self.stage.function.title}), instance {self.index}"


class Layout:
    """The stages of a program on the ranks of a world.

    Instances take turns over the ranks in topological order: so a stage and the next lie on different ranks, each
    stage is spread evenly, and no rank holds two more than another.
    """

    def __init__(self, stages: Iterable[Declared], size: int) -> None:
        self.stages = tuple(stages)
        self.size = size
        self.consumer = {channel: stage for stage in self.stages for channel in stage.inputs}
        self.producer = {channel: stage for stage in self.stages for channel in stage.to}

    @property
    def cyclic(self) -> bool:
        """Whether some channel leads back."""
        return any(stage.back for stage in self.stages)

    @property
    def count(self) -> int:
        """How many instances there are."""
        return sum(stage.instances for stage in self.stages)

    def rank(self, number: int) -> int:
        """The rank that holds an instance."""
        return number % self.size

    def on(self, rank: int) -> list[Placement]:
        """The instances on a rank, in topological order."""
        return [Placement(number, stage, number - stage.first)
                for stage in self.stages for number in stage.all if self.rank(number) == rank]

    def held(self, rank: int) -> str:
        """The instances on a rank, as they are told."""
        return "; ".join(map(str, self.on(rank))) or "no instance"

    def note(self) -> str | None:
        """What the user might have wanted otherwise, in one line."""
        if self.size > self.count:
            idle = self.size - self.count
            what = f"the {self.count} instances have" if self.count > 1 else "the one instance has"
            return f"{what} a rank each, and {idle} of the {self.size} ranks {'has' if idle == 1 else 'have'} none"
        return None
