"""An item on its way to the tiles that it is part of."""

from __future__ import annotations

from typing import Any, NamedTuple


class Sent(NamedTuple):
    """An item with the block that it falls into, and its place: (channel, producer's instance, number there)."""

    block: int
    place: tuple[int, int, int]
    item: Any
