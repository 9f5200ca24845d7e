"""Batches on their way out of a Spark task, with the keys that make a re-run task's output the same."""

from __future__ import annotations

import pickle
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from d4p.describe.failure import pack_for
from d4p.engines.spark.places import Sequence, by_run, with_head
from d4p.host import scratch
from d4p.stage.channel import Channel
from d4p.stage.exchange import Pairs
from d4p.stage.outlet import Lanes

#: A record is (key, batch); a key is (destination instance, channel, producer instance, sequence).
#: On a channel whose items bring their places it ends with the phase and the number of their run (`spark.places`).
#: Channel 0 is for results, whose batch is (PE id, port, items).
Key = tuple[int, int, int, int]
RESULTS = 0
#: Makes a batch of items: what a record holds, and its size in bytes.
Packed = Callable[[list], tuple[Any, int]]
#: More small items than that no longer lie in a core's own cache when they are packed.
_BATCH_BYTES, _BATCH_ITEMS = 256 << 10, 1024
#: What waits in memory before the task hands it to Spark; a PE that writes without end in one call spills to disk.
_WAITING = 16 << 20
#: What waits, packed, for all destinations of a channel together, however many there are.
_HELD = 64 << 20


class Outbox:
    """Collects items into batches; the task drains it between items.

    Args:
        index: the instance that sends.
        to: the instances of the consumer of each channel, by its number.
        forms: of channels whose batches may be of another form: of the function that packs a batch, the one to call
            instead, a new one for each destination.
    """

    def __init__(self, index: int, to: dict[int, int], forms: Mapping[int, Callable[[Packed], Packed]]) -> None:
        self.index, self.to, self.forms = index, to, forms
        self._ready: deque[tuple[Key, Any]] = deque()
        self._spilled: Any = None
        self._spills = 0
        self._open: list[Lanes] = []
        self._pairs: dict[int, tuple[str, Lanes]] = {}
        self.size = 0
        self.full = False  # whether it is time to hand over what is ready

    def channel(self, channel: Channel) -> Lanes:
        """What a stage asks for a channel: where the items for its consumer's instances wait.

        A batch for pairs is made once, with its block in place of a destination: the exchange knows who needs it.
        """
        number, edge, pairs = channel.number, channel.edge, isinstance(channel.exchange, Pairs)
        reached = channel.exchange.spread(self.to[number])
        goes = [(block,) for block in range(len(reached))] if pairs else reached
        keys = [[(dest, number, self.index) for dest in dests] for dests in goes]

        def packed(items: list) -> tuple[bytes, int]:
            blob = pack_for(edge, items, again=True)  # Spark compares what a task gives that it runs again
            return blob, len(blob)

        form = self.forms.get(number)
        lanes = self._lanes(keys, [form(packed) if form else packed for _ in keys], list(map(len, reached)))
        lanes.reached = reached
        if pairs:
            self._pairs[number] = edge, lanes
        lanes.places = True
        return lanes

    def once(self) -> dict[int, tuple[str, int]]:
        """Of each channel for pairs its edge, and the bytes of its batches, each counted once however many need it."""
        return {number: (edge, lanes.once) for number, (edge, lanes) in self._pairs.items()}

    def result(self, pe_id: str, port: str, order: int) -> Callable[[Any], None]:
        """The function that takes an item of a result; `order` tells the results of a stage apart."""
        key = (order, RESULTS, self.index)

        def packed(items: list) -> tuple[tuple[str, str, bytes], int]:
            blob = pack_for(f"{pe_id}.{port}", items, again=True)
            return (pe_id, port, blob), len(blob)

        lanes = self._lanes([[key]], [packed], [1])
        (batch,), most, send = lanes.held, lanes.most, lanes.send

        def put(item: Any) -> None:
            batch.append(item)
            if len(batch) >= most[0]:
                send(0)

        return put

    def _lanes(self, keys: list[list[tuple[int, int, int]]], packed: list[Packed], times: list[int]) -> Lanes:
        """Lanes, each with the keys of its batches and how many instances need them. How many items make a batch
        depends on the items alone, so a re-run makes the same ones."""
        sequence = [0] * len(keys)
        most_bytes = max(4096, min(_BATCH_BYTES, _HELD // len(keys)))

        def send(lane: int) -> None:
            if lanes.marks is not None:
                send_placed(lane)
                return
            batch = lanes.held[lane]
            count = len(batch)
            before = lanes.clock.enter("packing")
            value, size = packed[lane](batch)
            lanes.clock.enter(before)
            lanes.most[lane] = max(1, min(_BATCH_ITEMS, 2 * count, most_bytes * count // max(1, size)))
            batch.clear()
            for key in keys[lane]:
                self.put((*key, sequence[lane]), value, size)
            lanes.moved += size * times[lane]
            lanes.once += size
            lanes.items[lane] += count
            lanes.bytes[lane] += size
            sequence[lane] += 1

        def send_placed(lane: int) -> None:
            assert lanes.marks is not None
            for key, head, items in by_run(lanes.marks, lane):
                before = lanes.clock.enter("packing")
                value, size = packed[lane](items)
                lanes.clock.enter(before)
                lanes.most[lane] = max(1, min(_BATCH_ITEMS, 2 * len(items), most_bytes * len(items) // max(1, size)))
                after = key[0], places[lane].next(key)
                for dest, channel, _ in keys[lane]:
                    self.put((dest, channel, *after), with_head(head, value), size)
                lanes.moved += size * times[lane]
                lanes.items[lane] += len(items)
                lanes.bytes[lane] += size

        places = [Sequence() for _ in keys]
        lanes = Lanes(len(keys), send)  # one item tells how large they are; from then on twice as many at most
        self._open.append(lanes)
        return lanes

    def put(self, key: Key, value: Any, size: int) -> None:
        if self.size + size > _WAITING:
            self._spill()
        self._ready.append((key, value))
        self.size += size
        self.full = self.size > _WAITING // 4 or self._spills > 0

    def _spill(self) -> None:
        if self._spilled is None:
            self._spilled = tempfile.TemporaryFile(prefix="d4p-spill-", dir=scratch.folder())
        for record in self._ready:
            pickle.dump(record, self._spilled, protocol=5)
        self._spills += len(self._ready)
        self._ready.clear()
        self.size = 0

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
        self.full = False

    def flush(self) -> None:
        """Make batches of all that is held."""
        for lanes in self._open:
            for dest, batch in enumerate(lanes.held):
                if batch:
                    lanes.send(dest)


def until_full(first: Any, rest: Iterator[Any], outbox: Outbox) -> Iterator[Any]:
    """Items until the outbox has enough to hand over; the others stay in `rest`."""
    yield first
    if not outbox.full:
        for item in rest:
            yield item
            if outbox.full:
                return
