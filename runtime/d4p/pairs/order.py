"""The order of items by some of their fields, so that all instances agree on which of two comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from d4p.describe.tracebacks import short
from d4p.errors import RunFailed
from d4p.keys.partition import values
from d4p.pairs.sent import Sent

Key = tuple


def key_of(fields: tuple) -> Callable[[Sent], Key]:
    """A function that gives what an item is sorted by: its fields, and for equal ones its place.

    It raises RunFailed for what isn't in one order with all others: NaN, and sets, for which `<` means something else.
    """
    if not fields:
        return lambda sent: (sent.place,)

    def key(sent: Sent) -> Key:
        found = values(fields, sent.item, "order_by")
        if reason := _without_order(found):
            raise RunFailed(f"order_by {list(fields)} needs fields that have an order, got {reason}: "
                            f"{short(sent.item)}")
        return (*found, sent.place)

    return key


def _without_order(parts: tuple) -> str:
    for part in parts:
        if isinstance(part, (set, frozenset, dict)):
            return type(part).__name__
        if isinstance(part, (tuple, list)):
            if reason := _without_order(tuple(part)):
                return reason
        elif part != part:
            return "NaN"
    return ""


def in_order(items: Iterable[Sent], key: Callable[[Sent], Key], fields: tuple) -> tuple[list[Key], list[Any]]:
    """The keys and the items, sorted. Raises RunFailed where two keys can't be compared."""
    with comparing(fields):
        keyed = [(key(sent), sent.item) for sent in items]
        keyed.sort(key=itemgetter(0))
    return [key for key, _ in keyed], [item for _, item in keyed]


@contextmanager
def comparing(fields: tuple) -> Iterator[None]:
    """What two keys that can't be compared raise, in the words of `order_by`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise RunFailed(f"order_by {list(fields)} needs fields that can be compared with one another, as numbers or "
                        f"texts can: {error}") from None
