"""What the user and the target ask of the passes."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.capabilities import Capabilities


@dataclass(frozen=True)
class Options:
    """`instances` is `-n`; `fuse=False` leaves every PE a stage of its own; `can` is what the target can do, and
    `cyclic` are the targets that run cycles."""

    target: str = "sequential"
    instances: int | None = None
    fuse: bool = True
    can: Capabilities = Capabilities()
    cyclic: tuple[str, ...] = ()
