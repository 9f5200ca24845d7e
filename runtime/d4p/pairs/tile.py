"""A tile: many pairs of the items of two batches, by rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from d4p.batch import Batch


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

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        for i, columns in self.rows():
            left = self.left[i]
            for j in range(columns.start, columns.stop):
                yield left, self.right[j]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        left = index if index >= 0 else index + self._length
        for i, columns in self.rows():
            size = columns.stop - columns.start
            if 0 <= left < size:
                return self.left[i], self.right[columns.start + left]
            left -= size
        raise IndexError(index)

    def __repr__(self) -> str:
        return f"<Tile of {self._length:,} pairs: {len(self.left)} items with {len(self.right)}>"
