"""What the user and the target ask of the passes."""

from __future__ import annotations

from d4p.frozen import dataclass

from ..ir.capabilities import Capabilities


@dataclass(frozen=True)
class Options:
    """`width` is `-n`. `fuse=False` leaves every PE a stage of its own, True keeps all PEs with what feeds them where
    that is one instance, and None fuses what isn't to run side by side. `can` is what the target can do, and `cyclic`
    are the targets that run cycles."""

    target: str = "sequential"
    width: int | None = None
    fuse: bool | None = None
    can: Capabilities = Capabilities()
    cyclic: tuple[str, ...] = ()
