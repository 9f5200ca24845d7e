"""Outlets: what a producer instance does with the items of an edge to another stage."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from d4p.describe.failure import PeFailed
from d4p.errors import RunFailed
from d4p.keys.partition import NO_SUBSCRIPT, by_key, require
from d4p.pairs.sent import Sent
from d4p.places.marks import RUN, Marks
from d4p.stage.channel import Channel
from d4p.stage.dealing import dealing, in_turn
from d4p.stage.exchange import Forward, Gather, Hash, Pairs, RoundRobin
from d4p.stage.figures import Clock

Put = Callable[[Any], None]
#: Remembers what went wrong behind a PE's `write`, and gives what to raise there instead.
Failed = Callable[[BaseException], BaseException]
#: Instances of a consumer: of more, what they got is looked at when all is done.
_MANY = 64


class Lanes:
    """What an engine gives an outlet to fill: for each lane the items that wait to be sent, how many of them make a
    batch, and the function that sends what waits in a lane. It empties that list in place.

    A lane leads to one instance of the consumer or to several, as the exchange's `spread` says.
    """

    def __init__(self, instances: int, send: Callable[[int], None], most: int = 1) -> None:
        self.held: list[list[Any]] = [[] for _ in range(instances)]
        self.most = [most] * instances
        self.send = send
        self.places = False  # whether the engine sends the places of items along, where there are marks
        self.marks: Marks | None = None
        self.placed: tuple[list[Any], list[int]] | None = None  # of items that are noted with it: place and number
        # Of (lane, items dealt to each so far): a lane for a run that would go to this one, and its items at most.
        self.free: Callable[[int, Sequence[int]], tuple[int, int]] = in_turn
        self.leaves: Callable[[int], None] = lambda lane: None  # to be told of a lane that is sent before its time
        self.pause: Callable[[int], None] = lambda run: None  # waits until a run of this number may be dealt
        self.clock = Clock()  # of the instance that sends; the engine sets it to packing and to blocked
        self.moved = 0  # bytes that were sent; the engine counts them
        # The consumer's instances at each lane, and what was sent on it; the engine says so, and counts.
        self.reached: list[tuple[int, ...]] = []
        self.items, self.bytes = [0] * instances, [0] * instances
        self.once = 0  # and, where it may move them in another way, those of each batch once


    def by_consumer(self, ended: bool) -> tuple[list[int], list[int]] | None:
        """The items and the bytes that were sent to each instance of the consumer; None where they aren't counted,
        there is one, or, before all is done, there are too many to look at again and again."""
        count = 1 + max(map(max, self.reached), default=0)
        if count == 1 or count > _MANY and not ended:
            return None
        items, sizes = [0] * count, [0] * count
        for lane, dests in enumerate(self.reached):
            for dest in dests:
                items[dest] += self.items[lane]
                sizes[dest] += self.bytes[lane]
        return items, sizes


class Outlet(NamedTuple):
    """What a producer instance does with the items of a channel.

    Attributes:
        put: takes one item.
        writer: called with (port, other, failed, failures) makes the `write` of a PE whose only output this is, which
            does what `put` does, without a call more. `other` takes what is written to no such port, `failures` are
            exceptions that `failed` is told of.
        taken: gives how many items it took.
    """

    put: Put
    writer: Callable[[str, Any, Failed, tuple], Callable[..., None]]
    taken: Callable[[], int]


#: Both functions of an outlet, with the lines that find an item's lane by the kind of exchange. They are one text and
#: not functions, since a call more for each item would cost as much as all the rest. `held` has the same lists all the
#: time: whoever sends what is in one empties it.
_TEXT = """
def made(held, most, send, index, instances, channel, routed, field, memo, kinds, dest, check, count, deal, marks):
    taken = 0
    noted, number, begin = marks
    {before}

    def put(item):
        nonlocal taken
        {find}
        batch.append({sent})
        if len(batch) >= most[dest]:
            send(dest)

    def writer(port, other, failed, failures):
        def write(name, item):
            nonlocal taken
            if name != port:
                other(name, item)
                return
            try:
                {find}
                batch.append({sent})
                if len(batch) >= most[dest]:
                    send(dest)
            except failures as error:
                raise failed(error) from None

        return write

    count.append(lambda: taken)
    return put, writer
"""


class _Kind(NamedTuple):
    """How an item's `dest` and `batch` are found, its lane and the list there; what is `sent`; what is done once."""

    find: str
    sent: str = "item"
    before: str = "pass"


_TO_ONE = _Kind("taken += 1", before="batch = held[dest]")
_TO_ONE_THAT_REQUIRES = _Kind("taken += 1\ncheck(item)", before="batch = held[dest]")
_IN_TURN = _Kind("dest = (index + taken) % instances\ntaken += 1\nbatch = held[dest]")
#: Runs of items, each to one instance.
_DEALT = _Kind("taken += 1\ndest = deal()\nbatch = held[dest]")
_BY_KEY = _Kind("taken += 1\ndest = routed(item)\nbatch = held[dest]")
#: `memo` has the keys that `routed` remembers, of some `kinds`: a call less.
_BY_FIELD = _Kind("""taken += 1
try:
    key = item[field]
    dest = memo[key] if type(key) in kinds else routed(item)
except NO_SUBSCRIPT:
    dest = routed(item)
batch = held[dest]""")
#: What is noted of an item: where it is cut from its run, by a dealer too; and where it may have been before.
_NUMBER = "noted[dest].append(number[0])\nnumber[0] += 1"
_NUMBER_OF_DEALER = f"if number[0] == RUN:\n    begin()\n{_NUMBER}"
_STEP = "if number:\n    noted[dest].append(number[0])"
_SENT = "Sent(dest, (channel, index, taken - 1), item)"
_BLOCKS_BY_KEY = _Kind(_BY_KEY.find, _SENT)
_BLOCKS_IN_TURN = _Kind(_IN_TURN.find, _SENT)
#: With the place in the sequential run, and the number there.
_SENT_PLACED = "Sent(dest, (channel, *noted, *number, index, taken - 1), item)"


@functools.cache
def _maker(kind: _Kind) -> Callable[..., tuple[Any, Any]]:
    """The function `made` of the text for a kind."""
    lines = [line.replace("{find}", kind.find.replace("\n", "\n" + " " * (len(line) - len(line.lstrip()))))
             for line in _TEXT.splitlines()]  # fmt: skip
    text = "\n".join(lines).replace("{sent}", kind.sent).replace("{before}", kind.before)
    names: dict[str, Any] = {"NO_SUBSCRIPT": NO_SUBSCRIPT, "Sent": Sent, "RUN": RUN}
    exec(compile(text, outlet.__code__.co_filename, "exec"), names)  # known as the runtime's, in tracebacks
    return names["made"]


def outlet(channel: Channel, index: int, lanes: Lanes) -> Outlet:
    """The outlet of a producer's instance.

    Args:
        channel: where the items go.
        index: the instance, from 0.
        lanes: where items wait to be sent.
    """
    exchange, instances, edge = channel.exchange, len(lanes.held), channel.edge
    field = memo = kinds = routed = check = None
    dealt = isinstance(exchange, RoundRobin) and exchange.runs
    dest = index % instances if isinstance(exchange, Forward) else 0  # a broadcast has one lane
    count: list[Callable[[], int]] = []
    if isinstance(exchange, RoundRobin):
        kind = _DEALT if dealt else _IN_TURN
    elif isinstance(exchange, Pairs) and not exchange.fields:
        kind = _BLOCKS_IN_TURN
    elif isinstance(exchange, Hash | Pairs):  # pairs, so that another run puts an item into the same block
        route: Any = by_key(exchange.fields, instances, "group-by" if isinstance(exchange, Hash) else "order_by")
        routed = _numbered(edge, route, count)
        kind = _BLOCKS_BY_KEY if isinstance(exchange, Pairs) else _BY_KEY
        if kind is _BY_KEY and len(exchange.fields) == 1:
            kind, field, memo, kinds = _BY_FIELD, exchange.fields[0], route.memo, route.kinds
    elif isinstance(exchange, Forward | Gather) and exchange.requires:
        kind, check = _TO_ONE_THAT_REQUIRES, needs(edge, exchange.requires)
    else:
        kind = _TO_ONE
    marks, noting = lanes.marks, (None, None, None)
    if marks is not None and (marks.numbered or not marks.dealer):
        noting = marks.noted, marks.number, marks.begin
        note = _STEP if not marks.numbered else _NUMBER_OF_DEALER if marks.dealer else _NUMBER
        kind = kind._replace(find=f"{kind.find}\n{note}")
    if lanes.placed is not None:
        kind, noting = kind._replace(sent=_SENT_PLACED), (*lanes.placed, None)
    deal = dealing(lanes, index) if dealt else None
    put, writer = _maker(kind)(lanes.held, lanes.most, lanes.send, index, instances, channel.number, routed, field,
                               memo, kinds, dest, check, count, deal, noting)  # fmt: skip
    return Outlet(put, writer, count[0])


def _numbered(edge: str, route: Callable[[Any], int], count: list[Callable[[], int]]) -> Callable[[Any], int]:
    """`route`, with the number of the item in what it raises."""

    def routed(item: Any) -> int:
        try:
            return route(item)
        except RunFailed as error:
            raise _at(edge, count[0](), error) from None

    return routed


def needs(edge: str, fields: tuple) -> Put:
    """A check that an item has some fields. Raises PeFailed naming the edge and the item."""
    seen = 0

    def check(item: Any) -> None:
        nonlocal seen
        seen += 1
        try:
            require(fields, item)
        except RunFailed as error:
            raise _at(edge, seen, error) from None

    return check


def _at(edge: str, number: int, error: RunFailed) -> PeFailed:
    return PeFailed(f"{edge}, item {number}: {error}")
