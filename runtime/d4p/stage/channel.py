"""Channels between stages, and the kinds of exchange: which of the consumer's instances gets an item.

A compiled program states each of its channels once; its stages and its `main` refer to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from d4p.pairs.grid import grid

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
        return grid(self.side, instances).instances(self.side)


@dataclass(frozen=True)
class Channel:
    """An edge between two stages.

    Attributes:
        number: its number in the plan, from 1.
        edge: what it joins, as messages show it: "split.word -> count.word".
        exchange: how items reach the consumer's instances.
        back: it closes a cycle.
        places: how its items say where in the sequential run they stand: "runs" of them together, or each "numbered"
            in its run, both to be put in order before they are worked on; "noted" with each that is to be paired; ""
            where they needn't.
    """

    number: int
    edge: str
    exchange: Exchange
    back: bool = False
    places: str = ""

    @property
    def merges(self) -> bool:
        """Whether its consumer's instances put its items in order before they work on them."""
        return self.places in ("runs", "numbered")

    @property
    def output(self) -> str:
        """The output port that it comes from: "split.word"."""
        return self.edge.partition(" -> ")[0]
