"""Outlets: what a producer instance does with the items of an edge to another stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from d4p.describe.failure import PeFailed
from d4p.errors import RunFailed
from d4p.keys.partition import NO_SUBSCRIPT, by_key, require
from d4p.pairs.sent import Sent
from d4p.stage.channel import Channel, Forward, Gather, Hash, Pairs, RoundRobin

Put = Callable[[Any], None]
#: Remembers what went wrong behind a PE's `write`, and gives what to raise there instead.
Failed = Callable[[BaseException], BaseException]


class Lanes:
    """What an engine gives an outlet to fill: for each lane the items that wait to be sent, how many of them make a
    batch, and the function that sends what waits in a lane. It empties that list in place.

    A lane leads to one instance of the consumer or to several, as the exchange's `spread` says.
    """

    def __init__(self, instances: int, send: Callable[[int], None], most: int = 1) -> None:
        self.held: list[list[Any]] = [[] for _ in range(instances)]
        self.most = [most] * instances
        self.send = send
        self.moved = 0  # bytes that were sent; the engine counts them
        self.once = 0  # and, where it may move them in another way, those of each batch once


def outlet(channel: Channel, index: int, lanes: Lanes) -> tuple[Put, Callable[[], int]]:
    """A function that takes one item, and one that tells how many it took.

    Args:
        channel: where the items go.
        index: the producer's instance, from 0.
        lanes: where items wait to be sent.

    Where a call an item is much of the work (not for pairs, nor keys of several fields), the function has an
    attribute `writer`: called with (port, other, failed, failures) it makes the `write` of a PE whose only output this
    is, which does the same without a call more. `other` takes what is written to no such port, `failures` are
    exceptions that `failed` is told of.
    """
    held, most, send, instances = lanes.held, lanes.most, lanes.send, len(lanes.held)
    edge, exchange = channel.edge, channel.exchange
    taken = 0
    fields = exchange.fields if isinstance(exchange, Hash | Pairs) else ()
    if fields:
        route = by_key(fields, instances, "group-by" if isinstance(exchange, Hash) else "order_by")

        def routed(item: Any) -> int:
            try:
                return route(item)
            except RunFailed as error:
                raise _at(edge, taken, error) from None

    if isinstance(exchange, Hash) and len(fields) == 1:
        (field,) = fields
        memo, kinds = route.memo, route.kinds

        def put(item: Any) -> None:
            nonlocal taken
            taken += 1
            try:  # what `route` does for a key that it remembers, without a call
                key = item[field]
                dest = memo[key] if type(key) in kinds else routed(item)
            except NO_SUBSCRIPT:
                dest = routed(item)
            batch = held[dest]
            batch.append(item)
            if len(batch) >= most[dest]:
                send(dest)

        def writer(port: str, other: Callable[..., None], failed: Failed, failures: tuple) -> Callable[..., None]:
            def write(name: str, data: Any) -> None:
                nonlocal taken
                if name != port:
                    other(name, data)
                    return
                taken += 1
                try:
                    try:
                        key = data[field]
                        dest = memo[key] if type(key) in kinds else routed(data)
                    except NO_SUBSCRIPT:
                        dest = routed(data)
                    batch = held[dest]
                    batch.append(data)
                    if len(batch) >= most[dest]:
                        send(dest)
                except failures as error:
                    raise failed(error) from None

            return write

        put.writer = writer

    elif isinstance(exchange, Hash):

        def put(item: Any) -> None:
            nonlocal taken
            taken += 1
            dest = routed(item)
            batch = held[dest]
            batch.append(item)
            if len(batch) >= most[dest]:
                send(dest)

    elif isinstance(exchange, RoundRobin):

        def put(item: Any) -> None:
            nonlocal taken
            dest = (index + taken) % instances
            taken += 1
            batch = held[dest]
            batch.append(item)
            if len(batch) >= most[dest]:
                send(dest)

        def writer(port: str, other: Callable[..., None], failed: Failed, failures: tuple) -> Callable[..., None]:
            def write(name: str, data: Any) -> None:
                nonlocal taken
                if name != port:
                    other(name, data)
                    return
                dest = (index + taken) % instances
                taken += 1
                try:
                    batch = held[dest]
                    batch.append(data)
                    if len(batch) >= most[dest]:
                        send(dest)
                except failures as error:
                    raise failed(error) from None

            return write

        put.writer = writer

    elif isinstance(exchange, Pairs):

        def put(item: Any) -> None:
            nonlocal taken
            number, taken = taken, taken + 1
            # By what it is ordered by, so that another run puts it into the same block, whoever sends it.
            block = routed(item) if fields else (index + number) % instances
            batch = held[block]
            batch.append(Sent(block, (channel.number, index, number), item))
            if len(batch) >= most[block]:
                send(block)

    else:
        dest = index % instances if isinstance(exchange, Forward) else 0  # a broadcast has one lane
        requires = exchange.requires if isinstance(exchange, Forward | Gather) else ()
        check = needs(edge, requires) if requires else None
        batch = held[dest]

        def put(item: Any) -> None:
            nonlocal taken
            taken += 1
            if check:
                check(item)
            batch.append(item)
            if len(batch) >= most[dest]:
                send(dest)

        def writer(port: str, other: Callable[..., None], failed: Failed, failures: tuple) -> Callable[..., None]:
            def write(name: str, data: Any) -> None:
                nonlocal taken
                if name != port:
                    other(name, data)
                    return
                taken += 1
                try:
                    if check:
                        check(data)
                    batch.append(data)
                    if len(batch) >= most[dest]:
                        send(dest)
                except failures as error:
                    raise failed(error) from None

            return write

        put.writer = writer

    return put, lambda: taken


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
