"""An item on its way to the tiles that it is part of."""

from __future__ import annotations

from typing import Any, NamedTuple


class Sent(NamedTuple):
    """An item with the block that it falls into, and its place: (channel, producer's instance, number there), between
    which that in the sequential run stands, where several producers have parts of that."""

    block: int
    place: tuple[Any, ...]
    item: Any
