"""Batches on their way out of a Spark task, with the keys that make a re-run task's output the same."""

from __future__ import annotations

import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from d4p.failure import pack_for

#: A record is (key, batch); a key is (destination instance, channel, producer instance, sequence).
#: Channel 0 is for results, whose batch is (PE id, port, items).
Key = tuple[int, int, int, int]
RESULTS = 0
_BATCH_BYTES, _BATCH_ITEMS = 256 << 10, 4096
#: What waits in memory before the task hands it to Spark; a PE that writes without end in one call spills to disk.
_WAITING = 16 << 20


class Outbox:
    """Collects items into batches; the task drains it between items."""

    def __init__(self, index: int, to: dict[int, int]) -> None:
        self.index, self.to = index, to
        self._ready: deque[tuple[Key, Any]] = deque()
        self._spilled: Any = None
        self._spills = 0
        self._batches: list[_Batch] = []
        self.size = 0

    def channel(self, number: int, edge: str) -> tuple[Callable[[int, Any], None], int]:
        """What a stage asks for a channel: a function of (consumer's instance, item), and the number of instances."""
        count = self.to[number]
        batches = [_Batch(self, (dest, number, self.index), lambda items: pack_for(edge, items)) for dest in range(count)]
        self._batches += batches
        adds = [batch.add for batch in batches]

        def deliver(dest: int, item: Any) -> None:
            adds[dest % count](item)

        return deliver, count

    def result(self, pe_id: str, port: str, order: int) -> Callable[[Any], None]:
        """The function that takes an item of a result; `order` tells the results of a stage apart."""
        batch = _Batch(self, (order, RESULTS, self.index), lambda items: (pe_id, port, pack_for(f"{pe_id}.{port}", items)))
        self._batches.append(batch)
        return batch.add

    def put(self, key: Key, value: Any, size: int) -> None:
        if self.size + size > _WAITING:
            self._spill()
        self._ready.append((key, value))
        self.size += size

    def _spill(self) -> None:
        if self._spilled is None:
            self._spilled = tempfile.TemporaryFile(prefix="d4p-spill-")
        for record in self._ready:
            pickle.dump(record, self._spilled, protocol=5)
        self._spills += len(self._ready)
        self._ready.clear()
        self.size = 0

    def full(self) -> bool:
        """Whether it is time to hand over what is ready."""
        return self.size > _WAITING // 4 or self._spills > 0

    def drain(self) -> Iterator[tuple[Key, Any]]:
        """The batches that are ready, in the order they were made."""
        if self._spills:
            self._spilled.seek(0)
            for _ in range(self._spills):
                yield pickle.load(self._spilled)
            self._spilled.seek(0)
            self._spilled.truncate()
            self._spills = 0
        while self._ready:
            yield self._ready.popleft()
        self.size = 0

    def flush(self) -> None:
        """Make batches of all that is held."""
        for batch in self._batches:
            batch.flush()


class _Batch:
    """Items for one destination. How many make a batch depends on the items alone, so a re-run makes the same ones."""

    def __init__(self, outbox: Outbox, key: tuple[int, int, int], packed: Callable[[list], Any]) -> None:
        self.outbox, self.key, self.packed = outbox, key, packed
        self.held: list[Any] = []
        self.most, self.sequence = 16, 0

    def add(self, item: Any) -> None:
        self.held.append(item)
        if len(self.held) >= self.most:
            self.flush()

    def flush(self) -> None:
        if not self.held:
            return
        value = self.packed(self.held)
        size = len(value if isinstance(value, bytes) else value[2])
        self.most = max(1, min(_BATCH_ITEMS, 2 * len(self.held), _BATCH_BYTES * len(self.held) // max(1, size)))
        self.held.clear()
        dest, channel, producer = self.key
        self.outbox.put((dest, channel, producer, self.sequence), value, size)
        self.sequence += 1


def until_full(items: Iterable[Any], outbox: Outbox) -> Iterator[Any]:
    """Items until the outbox has enough to hand over; the rest stays in the iterator."""
    for item in items:
        yield item
        if outbox.full():
            return
