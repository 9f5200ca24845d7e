"""The source of a replay: items that were set aside, once more."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from d4p.graph.base import ProducerPE


@dataclass(frozen=True)
class Records:
    """What a reader's `parse` failed at, in the place of a split."""

    records: tuple[Any, ...]


class Splits:
    """In the place of a reader's `plan_splits`: what it couldn't read, once more, from pickles that whoever makes this
    trusts.

    Args:
        splits: those that it failed at.
        records: what its `parse` failed at.
    """

    def __init__(self, splits: Iterable[bytes], records: Iterable[bytes]) -> None:
        self.splits, self.records = tuple(splits), tuple(records)

    def __call__(self) -> list[Any]:
        splits = [pickle.loads(each) for each in self.splits]
        records = tuple(pickle.loads(each) for each in self.records)
        return [*splits, Records(records)] if records else splits


class Reads:
    """In the place of a reader's `read`: of `Records` what its `parse` makes of them."""

    def __init__(self, reader: Any) -> None:
        self.read, self.parsed = reader.read, getattr(reader, "parsed", None)

    def __call__(self, split: Any) -> Iterable[Any]:
        return self.parsed(split.records) if isinstance(split, Records) and self.parsed else self.read(split)


class Letters(ProducerPE):
    """Writes the items of some pickles, which whoever makes it trusts."""

    def __init__(self, pickles: Iterable[bytes]) -> None:
        ProducerPE.__init__(self)
        self.pickles = tuple(pickles)

    def _process(self, inputs: dict[str, Any]) -> None:
        for each in self.pickles:
            self.write("output", pickle.loads(each))
