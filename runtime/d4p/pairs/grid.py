"""Which instance makes which pairs: items fall into blocks, a tile is a pair of blocks, an instance has some tiles.

With g blocks an item goes to about g instances, where without tiles it would go to as many as there are items.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import count
from math import isqrt

from d4p.frozen import dataclass

Tile = tuple[int, int]
#: Tiles for each core, where the engine decides how many instances there are: so many that cores that are done early
#: find another, so few that each is a good piece of work. And how many there are at least.
_PER_CORE, _LEAST = 4, 36
#: How much more than its share an instance may have for the sake of fewer blocks.
_UNEVEN = 1.1


@dataclass(frozen=True)
class Grid:
    """Attributes:

    blocks: how many each side has: `("",)` of one stream, "left" and "right" of two.
    tiles: of each instance, as (row, column).
    """

    blocks: dict[str, int]
    tiles: tuple[tuple[Tile, ...], ...]

    def instances(self, side: str) -> list[tuple[int, ...]]:
        """For each block of a side the instances that need it."""
        found: list[dict[int, None]] = [{} for _ in range(self.blocks[side])]
        for instance, tiles in enumerate(self.tiles):
            for row, column in tiles:
                for block in {"left": (row,), "right": (column,)}.get(side, (row, column)):
                    found[block][instance] = None
        return [tuple(instances) for instances in found]


def tiles(width: int) -> int:
    """How many instances an engine gives to a PE that makes all pairs, on so many cores: one a tile."""
    blocks = _blocks(max(_LEAST, _PER_CORE * width))
    return blocks * (blocks + 1) // 2


@cache
def triangle(instances: int) -> Grid:
    """Tiles (row, column), row <= column, of one stream's pairs.

    Where their number is that of the instances, each has one, and those on the diagonal, half as large, come last.
    Else there are as many blocks as it takes to give all about the same number of pairs.
    """
    if instances >= _LEAST:
        blocks = _blocks(instances)
        if blocks * (blocks + 1) // 2 == instances:
            return Grid({"": blocks}, tuple((tile,) for tile in _triangle(blocks)))
    return _even(instances, lambda blocks: ({"": blocks}, _triangle(blocks)))


@cache
def rectangle(instances: int) -> Grid:
    """Tiles (row, column) of the pairs of two streams: as square a grid as shares them evenly."""
    rows = max(r for r in range(1, int(instances**0.5) + 1) if instances % r == 0)
    if rows * rows * 3 >= instances:
        columns = instances // rows
        made = [(row, column) for row in range(rows) for column in range(columns)]
        return Grid({"left": rows, "right": columns}, tuple((tile,) for tile in made))

    def square(blocks: int) -> tuple[dict[str, int], list[Tile]]:
        return {"left": blocks, "right": blocks}, [(r, c) for r in range(blocks) for c in range(blocks)]

    return _even(instances, square)


def grid(side: str, instances: int) -> Grid:
    """The grid that a port's items fall into; `side` is "", "left" or "right"."""
    return rectangle(instances) if side else triangle(instances)


def _blocks(wanted: int) -> int:
    """The fewest blocks that have so many tiles among them."""
    return (isqrt(8 * wanted - 7) + 1) // 2


def _triangle(blocks: int) -> list[Tile]:
    whole = [(row, column) for row in range(blocks) for column in range(row + 1, blocks)]
    return [*whole, *((block, block) for block in range(blocks))]


def _even(instances: int, made) -> Grid:
    """The first grid, by the number of blocks, that is shared out evenly; there is one, since no tile is larger than 1
    and the more there are, the more each instance has."""
    for number in count(1):
        blocks, found = made(number)
        if len(found) < instances:
            continue
        shares = _shared(found, instances)
        loads = [sum(map(_size, share)) for share in shares]
        if max(loads) * instances / sum(loads) <= _UNEVEN:
            return Grid(blocks, tuple(map(tuple, shares)))
    raise AssertionError("numbers without end")


def _size(tile: Tile) -> float:
    return 0.5 if tile[0] == tile[1] else 1.0


def _shared(found: Iterable[Tile], instances: int) -> list[list[Tile]]:
    """Each tile to the instance with the least to do; of several the one that has most of its blocks already."""
    shares: list[list[Tile]] = [[] for _ in range(instances)]
    loads, blocks = [0.0] * instances, [set() for _ in range(instances)]
    for tile in found:
        least = min(loads)
        mine = min((i for i in range(instances) if loads[i] <= least), key=lambda i: len({*tile} - blocks[i]))
        shares[mine].append(tile)
        loads[mine] += _size(tile)
        blocks[mine] |= {*tile}
    return shares
