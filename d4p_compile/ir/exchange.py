"""Exchanges: how the items of an edge reach the consumer's instances."""

from __future__ import annotations

from enum import Enum

from d4p.frozen import dataclass


class Kind(Enum):
    """The kinds of exchange; as text they are what a plan says."""

    FORWARD = "forward"
    ROUND_ROBIN = "round robin"
    HASH = "hash"
    BROADCAST = "broadcast"
    GATHER = "gather"
    PAIRS = "pairs"
    PAIRS_LEFT = "pairs left"
    PAIRS_RIGHT = "pairs right"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Exchange:
    """How the items of an edge reach the consumer's instances.

    `fields` are the key of a hash, or what pairs are ordered by; `require` are fields that every item must have
    although one instance gets them all, so that a workflow with a wrong grouping fails the same at any count.

    >>> str(Exchange(Kind.HASH, (0,))), Exchange(Kind.PAIRS_LEFT).is_pairs
    ('hash [0]', True)
    """

    kind: Kind
    fields: tuple[int | str, ...] = ()
    require: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.kind, Kind):
            raise ValueError(f"an exchange must be one of {list(map(str, Kind))}, not {self.kind!r}")
        if not self.is_pairs and (self.kind is Kind.HASH) != bool(self.fields):
            raise ValueError("a hash exchange has fields, and pairs may be ordered by some; no other exchange has any")

    def __str__(self) -> str:
        return f"{self.kind} {list(self.fields)}" if self.fields else str(self.kind)

    @property
    def is_pairs(self) -> bool:
        """Whether it brings every two items together."""
        return self.kind in (Kind.PAIRS, Kind.PAIRS_LEFT, Kind.PAIRS_RIGHT)
