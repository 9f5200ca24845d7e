"""Outlets: what a producer instance does with the items of an edge to another stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from d4p.errors import RunFailed
from d4p.failure import PeFailed
from d4p.items import own
from d4p.keys import by_key, require

Put = Callable[[Any], None]


def outlet(edge: str, kind: str, index: int, instances: int, deliver: Callable[[int, Any], None],
           fields: tuple = (), fields_needed: tuple = ()) -> tuple[Put, Callable[[], int]]:
    """A function that takes one item, and one that tells how many it took.

    Args:
        edge: its name for error messages.
        kind: forward, round robin, hash, broadcast or gather.
        index: the producer's instance, from 0.
        instances: how many instances the consumer has.
        deliver: called with (consumer's instance, item).
        fields: the key of a hash; `fields_needed` are fields that every item must have although one instance gets all.
    """
    taken = 0
    if kind == "hash":
        route = by_key(fields, instances)

        def put(item: Any) -> None:
            nonlocal taken
            taken += 1
            try:
                dest = route(item)
            except RunFailed as error:
                raise _at(edge, taken, error) from None
            deliver(dest, item)

    elif kind == "round robin":

        def put(item: Any) -> None:
            nonlocal taken
            dest = (index + taken) % instances
            taken += 1
            deliver(dest, item)

    elif kind == "broadcast":

        def put(item: Any) -> None:
            nonlocal taken
            taken += 1
            for dest in range(instances - 1):
                deliver(dest, own(item))
            deliver(instances - 1, item)

    else:
        dest = index if kind == "forward" else 0
        check = needs(edge, fields_needed) if fields_needed else None

        def put(item: Any) -> None:
            nonlocal taken
            taken += 1
            if check:
                check(item)
            deliver(dest, item)

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
