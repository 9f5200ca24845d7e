"""The tiles of two lots of items, small enough for a processor's cache."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from d4p.items.batch import Batch
from d4p.pairs.tile import Tile

#: The items of one side of a tile have about so many bytes, and are so many at most; and a whole multiple, since what
#: computes with them takes some at a time.
_BYTES, _ITEMS, _MULTIPLE = 5 << 19, 256, 8


class Lot:
    """Items in order, with the keys that they are ordered by."""

    def __init__(self, keys: list[tuple], items: list[Any]) -> None:
        self.keys, self.items = keys, items

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def batch(self) -> Batch:
        """The items side by side."""
        return Batch.stack(self.items)

    @cached_property
    def pieces(self) -> list[Lot]:
        """The same items in lots of which two make a tile."""
        if not self.items:
            return []
        most = max(1, min(_ITEMS, _BYTES // max(1, _nbytes(self.items[0]))))
        size = -(-len(self) // -(-len(self) // most))  # all about as large
        if size > _MULTIPLE:
            size = min(most, size + -size % _MULTIPLE)
        return [Lot(self.keys[at : at + size], self.items[at : at + size]) for at in range(0, len(self), size)]


class Pairs:
    """The pairs of the items of two lots: of item i of `left` the items `starts[i]` up to `stops[i]` of `right`."""

    def __init__(self, left: Lot, right: Lot, starts: Sequence[int], stops: Sequence[int]) -> None:
        self.left, self.right, self.starts, self.stops = left, right, starts, stops

    def __bool__(self) -> bool:
        return any(start < stop for start, stop in zip(self.starts, self.stops, strict=True))

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        right = self.right.items
        for item, start, stop in zip(self.left.items, self.starts, self.stops, strict=True):
            for j in range(start, stop):
                yield item, right[j]

    @property
    def tile(self) -> Tile:
        """The same for `process_batch`."""
        return Tile(self.left.batch, self.right.batch, self.starts, self.stops)


def between(left: Lot, right: Lot) -> Iterator[Pairs]:
    """Each item of one lot with each of the other."""
    for mine in left.pieces:
        for other in right.pieces:
            yield _all(mine, other)


def across(left: Lot, right: Lot, ordered: bool) -> Iterator[Pairs]:
    """The pairs of the items of two lots that have none in common: the earlier one first, or both ways."""
    for mine in left.pieces:
        for other in right.pieces:
            made = [(_all if ordered else _before)(*lots) for lots in ((mine, other), (other, mine))]
            yield from filter(None, made)


def within(lot: Lot, ordered: bool, itself: bool) -> Iterator[Pairs]:
    """The pairs of the items of one lot: the earlier one first, or both ways; with or without each with itself."""
    for at, mine in enumerate(lot.pieces):
        size = len(mine)
        first = 0 if itself else 1
        made = [Pairs(mine, mine, range(first, first + size), [size] * size)]
        if ordered:
            made.append(Pairs(mine, mine, [0] * size, range(size)))
        for other in lot.pieces[at + 1 :]:
            made += [_all(mine, other), *([_all(other, mine)] if ordered else [])]
        yield from filter(None, made)


def _all(left: Lot, right: Lot) -> Pairs:
    return Pairs(left, right, [0] * len(left), [len(right)] * len(left))


def _before(left: Lot, right: Lot) -> Pairs:
    """Those pairs in which the item of `left` comes first."""
    return Pairs(left, right, [bisect_right(right.keys, key) for key in left.keys], [len(right)] * len(left))


def _nbytes(item: Any) -> int:
    """About how many bytes the arrays of an item have."""
    parts = item.values() if isinstance(item, dict) else item if isinstance(item, tuple) else (item,)
    return sum(getattr(part, "nbytes", 64) for part in parts)
