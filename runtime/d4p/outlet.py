"""Outlets: what a producer instance does with the items of an edge to another stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from d4p.items import own
from d4p.keys import by_key, require

Put = Callable[[Any], None]


def outlet(kind: str, index: int, instances: int, deliver: Callable[[int, Any], None],
           fields: tuple = (), needs: tuple = ()) -> tuple[Put, Callable[[], int]]:
    """A function that takes one item, and one that tells how many it took.

    Args:
        kind: forward, round robin, hash, broadcast or gather.
        index: the producer's instance, from 0.
        instances: how many instances the consumer has.
        deliver: called with (consumer's instance, item).
        fields: the key of a hash; `needs` are fields that every item must have although one instance gets all.
    """
    taken = 0
    if kind == "hash":
        route = by_key(fields, instances)

        def put(item: Any) -> None:
            nonlocal taken
            taken += 1
            deliver(route(item), item)

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

        def put(item: Any) -> None:
            nonlocal taken
            taken += 1
            if needs:
                require(needs, item)
            deliver(dest, item)

    return put, lambda: taken
