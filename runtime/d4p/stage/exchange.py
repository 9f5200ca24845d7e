"""The kinds of exchange: which of the consumer's instances gets an item of a channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: An index or a name of what is looked at in an item.
Field = int | str


class Exchange:
    """How the items of a channel reach the consumer's instances. Its kinds are the classes below."""

    def spread(self, instances: int) -> list[tuple[int, ...]]:
        """The lanes to so many instances: for each lane the instances that get what is sent on it.

        >>> RoundRobin().spread(3), Broadcast().spread(3)
        ([(0,), (1,), (2,)], [(0, 1, 2)])
        """
        return [(instance,) for instance in range(instances)]


@dataclass(frozen=True)
class _ToOne(Exchange):
    """An instance sends all to the same one. `requires` are fields that every item must have although it makes no
    difference, so that a workflow with a wrong grouping fails the same at any count."""

    requires: tuple[Field, ...]

    def __init__(self, requires: Iterable[Field] = ()) -> None:
        object.__setattr__(self, "requires", tuple(requires))


class Forward(_ToOne):
    """Instance i feeds instance i."""


class Gather(_ToOne):
    """Instance 0 gets every item."""


@dataclass(frozen=True)
class RoundRobin(Exchange):
    """Items take turns over the instances, or `runs` of consecutive items go to whichever is free."""

    runs: bool = False


@dataclass(frozen=True)
class Hash(Exchange):
    """Items whose fields are equal meet in one instance."""

    fields: tuple[Field, ...]

    def __init__(self, *fields: Field) -> None:
        object.__setattr__(self, "fields", fields)


@dataclass(frozen=True)
class Broadcast(Exchange):
    """Every instance gets every item."""

    def spread(self, instances: int) -> list[tuple[int, ...]]:
        """One lane, which leads to all."""
        return [tuple(range(instances))]


@dataclass(frozen=True)
class Pairs(Exchange):
    """Of any two items the instance that pairs them gets both. With a `side`, "left" or "right", those of two streams
    are paired; with `fields` they are ordered by these."""

    side: str
    fields: tuple[Field, ...]

    def __init__(self, *fields: Field, side: str = "") -> None:
        object.__setattr__(self, "side", side)
        object.__setattr__(self, "fields", fields)

    def spread(self, instances: int) -> list[tuple[int, ...]]:
        """A lane for each block of items: it leads to the instances whose tiles are in the block's row or column."""
        from d4p.pairs.grid import grid  # here, since few programs make pairs

        return grid(self.side, instances).instances(self.side)
