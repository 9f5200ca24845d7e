"""`AllPairs` and `PairsBetween`: every pair of the items that arrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from d4p.errors import Refused
from d4p.graph.core import GROUPING, GenericPE
from d4p.items.packing import own
from d4p.keys.partition import Field, digest, values
from d4p.pairs.grid import Tile, grid
from d4p.pairs.order import comparing, in_order, key_of
from d4p.pairs.sent import Sent
from d4p.pairs.tiles import Lot, Pairs, across, between, within

OneOrMore = Field | tuple[Field, ...] | list[Field] | None


class _PairsPE(GenericPE):
    """What both have: items wait until all are here; then an instance makes the pairs of its tiles."""

    OUTPUT_NAME = "output"
    stateful = True
    in_turns = True  # an engine lets as many instances make their pairs at a time as there are cores
    sides: tuple[str, ...]  # of its grid, by port
    _d4p_share = (0, 1)  # which of how many instances this is

    def __init__(self, within: OneOrMore, order_by: OneOrMore) -> None:
        GenericPE.__init__(self)
        self.within, self.order_by = _fields(within, "within"), _fields(order_by, "order_by")
        self._add_output(self.OUTPUT_NAME)
        self._lots: dict[str, dict[Any, dict[int, list[Sent]]]] = {}  # by port, group and block

    def _port(self, name: str, side: str) -> None:
        self._add_input(name)
        self._lots[name] = {}
        self.inputconnections[name][GROUPING] = f"pairs {side}".rstrip()

    def preprocess(self) -> None:
        self._count = 0
        self._lots = {port: {} for port in self.inputconnections}

    def process(self, inputs: dict[str, Any]) -> None:
        """Keeps an item until all are here."""
        for port, item in inputs.items():
            self._count += 1
            sent = item if type(item) is Sent else Sent(0, (0, 0, self._count), item)  # from whoever runs it by hand
            group = digest(values(self.within, sent.item, "within")) if self.within else None
            self._lots[port].setdefault(group, {}).setdefault(sent.block, []).append(sent)

    def postprocess(self) -> None:
        """Writes the pairs of this instance's tiles."""
        send = vars(self).get("_d4p_batches", {}).get(self.OUTPUT_NAME)
        for pairs in self._pairs():
            if send is not None:
                send(pairs.tile)
                continue
            for pair in pairs:
                self.write(self.OUTPUT_NAME, own(pair))

    def _pairs(self) -> Iterator[Pairs]:
        raise NotImplementedError

    def expected(self) -> int:
        """How many pairs this instance makes of the items that are here; asked from another thread."""
        raise NotImplementedError

    def _groups(self, port: str) -> list[dict[int, list[Sent]]]:
        """The blocks of each group, in an order that doesn't depend on who came first."""
        return [self._lots[port][group] for group in sorted(self._lots[port])]

    def _tiles(self) -> tuple[Tile, ...]:
        index, instances = self._d4p_share
        return grid(self.sides[0], instances).tiles[index]


class AllPairs(_PairsPE):
    """Takes items on `input` and, when all are here, writes every pair of them to `output`, as tuples `(a, b)`.

    What it means is two nested loops: `for i, a in enumerate(items): for b in items[i + 1 :]: write((a, b))`. It runs
    as many instances, each of which makes the pairs of some tiles: an item travels about once for each row and column
    of tiles. A PE behind it that has a `process_batch` gets whole tiles (`d4p.pairs.tile.Tile`).

    Args:
        order_by: a field or several (an index or a name) by which the items are put in order before they are paired:
            so the answer doesn't depend on who comes first. Without it the order is that of the sequential run, where
            all come the same way.
        within: a field or several in which both items of a pair must agree.
        ordered: write (b, a) as well as (a, b).
        itself: pair each item with itself, too.
    """

    sides = ("",)

    def __init__(self, order_by: OneOrMore = None, within: OneOrMore = None, ordered: bool = False,
                 itself: bool = False) -> None:
        _PairsPE.__init__(self, within, order_by)
        self._port("input", "")
        self.ordered, self.itself = ordered, itself
        self.any_order = bool(self.order_by)

    def _pairs(self) -> Iterator[Pairs]:
        key = key_of(self.order_by)
        for blocks in self._groups("input"):
            lots = {block: Lot(*in_order(items, key, self.order_by)) for block, items in blocks.items()}
            for row, column in self._tiles():
                if row in lots and column in lots:
                    if row == column:
                        yield from within(lots[row], self.ordered, self.itself)
                    else:
                        with comparing(self.order_by):
                            found = list(across(lots[row], lots[column], self.ordered))
                        yield from found

    def expected(self) -> int:
        count = 0
        for blocks in list(self._lots["input"].values()):
            sizes = {block: len(items) for block, items in list(blocks.items())}
            for row, column in self._tiles():
                n, m = sizes.get(row, 0), sizes.get(column, 0)
                count += n * m if row != column else n * (n - 1) // 2
                if self.ordered:
                    count += n * m if row != column else n * (n - 1) // 2
                if self.itself and row == column:
                    count += n
        return count


class PairsBetween(_PairsPE):
    """Takes items on `left` and on `right` and, when all are here, writes every pair `(l, r)` to `output`.

    What it means is two nested loops: `for l in left: for r in right: write((l, r))`. See `AllPairs`.

    Args:
        within: a field or several in which both items of a pair must agree.
    """

    sides = ("left", "right")
    any_order = True

    def __init__(self, within: OneOrMore = None) -> None:
        _PairsPE.__init__(self, within, None)
        for side in self.sides:
            self._port(side, side)

    def _pairs(self) -> Iterator[Pairs]:
        key = key_of(())
        others = self._lots["right"]
        for group in sorted(self._lots["left"]):
            blocks = self._lots["left"][group]
            left = {block: Lot(*in_order(items, key, ())) for block, items in blocks.items()}
            right = {block: Lot(*in_order(items, key, ())) for block, items in others.get(group, {}).items()}
            for row, column in self._tiles():
                if row in left and column in right:
                    yield from between(left[row], right[column])

    def expected(self) -> int:
        count, others = 0, self._lots["right"]
        for group, blocks in list(self._lots["left"].items()):
            for row, column in self._tiles():
                count += len(blocks.get(row, ())) * len(others.get(group, {}).get(column, ()))
        return count


def _fields(given: OneOrMore, name: str) -> tuple[Field, ...]:
    if given is None:
        return ()
    fields = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    if not fields or not all(isinstance(field, (int, str)) and not isinstance(field, bool) for field in fields):
        raise Refused(f"{name} must be a field (an index or a name) or a list of those; it is {given!r}")
    return fields
