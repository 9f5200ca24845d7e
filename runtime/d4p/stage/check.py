"""`--check`: catch a PE that changes what it wrote, by name.

A fused hop hands over the object itself, so a PE must leave alone what it has written; the answer would depend on
which PEs were fused. Here every consumer gets a copy, and what was written is looked at again later.
"""

from __future__ import annotations

import pickle
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from d4p.describe.failure import PeFailed
from d4p.describe.tracebacks import short

_ATOMS = (str, bytes, int, float, complex, bool, type(None))
#: So many of an instance's last items are looked at: at each later item the newest, at the end all.
_KEPT, _NEWEST = 1000, 8


class Checker:
    """What the instances of a run wrote last."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, int], deque] = {}
        self._counts: Counter[tuple[str, int]] = Counter()

    def guard(self, output: str, instance: int, put: Callable[[Any], None]) -> Callable[[Any], None]:
        """`put` for items that an instance writes to `output` ("pe.port"): hands on a copy, remembers the original."""
        key = (output, instance)
        kept = self._written.setdefault(key, deque(maxlen=_KEPT))

        def checked(item: Any) -> None:
            self._counts[key] += 1
            for written in list(kept)[-_NEWEST:]:
                _look(written)
            if type(item) in _ATOMS:
                return put(item)
            try:
                as_written = pickle.dumps(item, 5)
            except Exception:
                return put(item)  # what can't be pickled can't be compared either
            kept.append((item, as_written, output, instance, self._counts[key]))
            return put(pickle.loads(as_written))

        return checked

    def finish(self) -> None:
        """Look at everything once more. Raises PeFailed for the first item that isn't as it was written."""
        for kept in self._written.values():
            for written in kept:
                _look(written)


def _look(written: tuple) -> None:
    item, as_written, output, instance, number = written
    before = pickle.loads(as_written)
    # Two round trips: what differs only in how its parts are shared in memory gives the same bytes.
    if pickle.dumps(pickle.loads(pickle.dumps(item, 5)), 5) == pickle.dumps(before, 5):
        return
    raise PeFailed(
        f"{output.partition('.')[0]}, instance {instance}, changed item {number} of {output} after writing it: it "
        f"wrote {short(before)}, and that is {short(item)} now. Write a copy, or make a new object for each item"
    )
