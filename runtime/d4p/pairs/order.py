"""The order of items by some of their fields, so that all instances agree on which of two comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from d4p.errors import RunFailed
from d4p.failure import short
from d4p.keys import values
from d4p.pairs.sent import Sent

Key = tuple


def key_of(fields: tuple) -> Callable[[Sent], Key]:
    """A function that gives what an item is sorted by: its fields, and for equal ones its place."""
    if not fields:
        return lambda sent: sent.place

    def key(sent: Sent) -> Key:
        found = values(fields, sent.item, "order_by")
        if any(value != value for value in found):
            raise RunFailed(f"order_by {list(fields)} needs fields that have an order, got NaN: {short(sent.item)}")
        return (*found, sent.place)

    return key


def in_order(items: Iterable[Sent], key: Callable[[Sent], Key], fields: tuple) -> tuple[list[Key], list[Any]]:
    """The keys and the items, sorted. Raises RunFailed where two keys can't be compared."""
    keyed = [(key(sent), sent.item) for sent in items]
    try:
        keyed.sort(key=lambda pair: pair[0])
    except (TypeError, ValueError) as error:
        raise RunFailed(f"order_by {list(fields)} needs fields that can be compared with one another, as numbers or "
                        f"texts can: {error}") from None
    return [key for key, _ in keyed], [item for _, item in keyed]
