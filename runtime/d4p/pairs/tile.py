"""A tile: many pairs of the items of two batches, by rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from d4p.items.batch import Batch


class Tile(Sequence):
    """The pairs of item i of `left` with the items `starts[i]` up to `stops[i]` of `right`, for each i.

    What a `process_batch` behind `AllPairs` takes: as a sequence it is its pairs, `(left[i], right[j])`, row by row.

    Attributes:
        left, right: batches, whose arrays are read-only.
        starts, stops: a number for each item of `left`.
    """

    __slots__ = ("_length", "left", "right", "starts", "stops")

    def __init__(self, left: Batch, right: Batch, starts: Sequence[int], stops: Sequence[int]) -> None:
        self.left, self.right, self.starts, self.stops = left, right, starts, stops
        self._length = sum(max(0, stop - start) for start, stop in zip(starts, stops, strict=True))

    def rows(self) -> Iterator[tuple[int, slice]]:
        """Each item of `left` that has pairs: its number and, as a slice of `right`, those it is paired with."""
        for i, (start, stop) in enumerate(zip(self.starts, self.stops, strict=True)):
            if start < stop:
                yield i, slice(start, stop)

    def blocks(self, pairs: int) -> Iterator[list[tuple[int, slice]]]:
        """The same, cut and put together to blocks of so many pairs (the last may have fewer): for what works best with
        that many at a time."""
        return blocks(self.rows(), pairs)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        for i, columns in self.rows():
            left = self.left[i]
            for j in range(columns.start, columns.stop):
                yield left, self.right[j]

    def __getitem__(self, index: Any) -> Any:
        """A pair; of a slice of neighbours the tile of these."""
        if isinstance(index, slice):
            return self._part(*index.indices(self._length)[:2])
        left = index if index >= 0 else index + self._length
        for i, columns in self.rows():
            size = columns.stop - columns.start
            if 0 <= left < size:
                return self.left[i], self.right[columns.start + left]
            left -= size
        raise IndexError(index)

    def _part(self, first: int, end: int) -> Tile:
        starts, stops = [0] * len(self.left), [0] * len(self.left)
        before = 0  # pairs of the rows so far
        for i, columns in self.rows():
            size = columns.stop - columns.start
            starts[i] = columns.start + min(size, max(0, first - before))
            stops[i] = columns.start + min(size, max(0, end - before))
            before += size
        return Tile(self.left, self.right, starts, stops)

    def __repr__(self) -> str:
        return f"<Tile of {self._length:,} pairs: {len(self.left)} items with {len(self.right)}>"


def blocks(rows: Iterable[tuple[int, slice]], pairs: int) -> Iterator[list[tuple[int, slice]]]:
    """Rows cut and put together to blocks of so many pairs; the last may have fewer.

    >>> list(blocks([(0, slice(1, 4)), (1, slice(2, 4))], 2))
    [[(0, slice(1, 3, None))], [(0, slice(3, 4, None)), (1, slice(2, 3, None))], [(1, slice(3, 4, None))]]
    """
    block, room = [], pairs
    for i, others in rows:
        start, stop = others.start, others.stop
        while start < stop:
            count = min(room, stop - start)
            block.append((i, slice(start, start + count)))
            start, room = start + count, room - count
            if not room:
                yield block
                block, room = [], pairs
    if block:
        yield block
