"""What the user and the target ask of the passes."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.graph import EXCHANGES


@dataclass(frozen=True)
class Options:
    """`instances` is `-n`; `wide` says that the target runs instances side by side;
    `carries` are the exchanges that the target can carry; `natives` the aggregates that it computes itself, as (kind,
    type of the field), with None for any type; `cycles` says that it runs cycles, `cyclic` which targets do;
    `fuse=False` leaves every PE a stage of its own."""

    target: str = "sequential"
    instances: int | None = None
    wide: bool = False
    carries: frozenset[str] = frozenset(EXCHANGES)
    fuse: bool = True
    natives: frozenset[tuple[str, str | None]] = frozenset()
    cycles: bool = True
    cyclic: tuple[str, ...] = ()
