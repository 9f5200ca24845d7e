"""Which rank holds which instances."""

from __future__ import annotations

from dataclasses import dataclass

from d4p.engines.declared import Declared, Stages


@dataclass(frozen=True)
class Placement:
    """One instance: its number among all, its stage, and its index in that."""

    number: int
    stage: Declared
    index: int

    def __str__(self) -> str:
        return f"{self.stage.function.info}, instance {self.index}"


class Layout:
    """The stages of a program on the ranks of a world.

    Instances take turns over the ranks in topological order: so a stage and the next lie on different ranks, each
    stage is spread evenly, and no rank holds two more than another. Which stage has most to do nobody knows before: of
    a source, a stage as wide as the world and a sum, the two single ones share their ranks with one wide instance each,
    not both with the same one; where that is much, whatever runs are dealt goes to ranks that are free.
    """

    def __init__(self, stages: Stages, size: int) -> None:
        self.stages, self.size = tuple(stages.all), size
        self.cyclic, self.count = stages.cyclic, stages.count
        self.consumer, self.producer = stages.consumer, stages.producer

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
