"""`--limit K`: a root is stopped once it has written K items over all its ports, amid an item if it must be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from d4p.errors import ControlFlow
from d4p.graph.core import GenericPE

Put = Callable[[Any], None]


class Enough(ControlFlow):
    """Leaves a root's `process` from inside its `write`, once the last item that is wanted is where it belongs."""


class Limit:
    """What a root may still write. In `postprocess`, which runs to its end, what is too much is left out."""

    def __init__(self, most: int) -> None:
        self.left = most
        self.in_process = False

    def items(self, pe: GenericPE, items: Iterable[Any]) -> Iterator[Any]:
        """The items that the root gets: as long as it may write, where it has no output as many as it may have got."""
        if not pe.outputconnections:
            yield from islice(items, min(self.left, sys.maxsize))
            return
        rest = iter(items)
        while self.left > 0 and (item := next(rest, self)) is not self:
            self.in_process = True
            yield item
        self.in_process = False

    def put(self, put: Put) -> Put:
        """A port of the root."""

        def limited(item: Any) -> None:
            if self.left > 0:
                self.left -= 1
                put(item)
            if self.left <= 0 and self.in_process:
                raise Enough

        return limited

    def returning(self, process: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The root's `_process`, where what it returns is an item."""

        def limited(inputs: Any) -> Any:
            item = process(inputs)
            if item is None or self.left <= 0:
                return None
            self.left -= 1
            return item

        return limited
