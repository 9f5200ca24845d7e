"""What a target can do, as far as passes and the text of a program depend on it."""

from __future__ import annotations

from d4p.frozen import dataclass

from .exchange import Kind


@dataclass(frozen=True)
class Capabilities:
    """What is asked in place of a target's name.

    Attributes:
        wide: it runs instances side by side.
        in_order: it puts what several instances send in the order of the sequential run, where items bring places.
        exchanges: the kinds of exchange that it carries.
        cycles: it runs graphs with cycles.
        natives: the aggregates that its engine computes, as (kind, type of the field), with None for any type.
        broadcasts_pairs: it may bring the items of pairs to tiles by a broadcast, where that moves less.
        notes_items: a worker of it may die and its program not, which then tells the item that it had in hand: loops
            write down the item's number.
        width: how many W is, in words.
    """

    wide: bool = False
    in_order: bool = True
    exchanges: frozenset[Kind] = frozenset(Kind)
    cycles: bool = True
    natives: frozenset[tuple[str, str | None]] = frozenset()
    broadcasts_pairs: bool = False
    notes_items: bool = False
    width: str = "the number of cores"

    def __post_init__(self) -> None:
        if unknown := self.exchanges - set(Kind):
            raise ValueError(f"a target carries some of {list(map(str, Kind))}, not {sorted(map(str, unknown))}")
