"""Rows between stages: a row is a batch of items, packed, with the key that says where it goes and in which order."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from d4p.errors import RunFailed
from d4p.spark.outbox import RESULTS
from d4p.spark.task import Task, marked

#: The columns of what a stage gives. `dest` is the consumer's instance, `producer` the one that wrote the batch and
#: `sequence` its place among the batches from there to here.
BATCHES = "dest int, channel int, producer int, sequence long, items binary"
_SCHEMA = pa.schema([("dest", pa.int32()), ("channel", pa.int32()), ("producer", pa.int32()),
                     ("sequence", pa.int64()), ("items", pa.binary())])  # fmt: skip
#: Channels with rows of another kind: an instance's report, which goes along with the first instance it meets to the
#: program; and nothing, in partitions that only fill up.
REPORTS, NOTHING = -1, -2
#: About as many bytes are handed over to Spark at a time.
_BYTES = 4 << 20
#: Spark takes a row of no more bytes than this.
_MOST = (1 << 31) - (1 << 20)


def on_batches(task: Task, items: Callable[[int, Iterable[Any]], Iterator[Any]] | None = None) -> Callable:
    """What mapInArrow calls for a stage: one partition is one instance.

    Partitions that are put together with those of other stages lie behind a multiple of their own count (see `union`),
    so what is left over by it is the instance. `items` makes the items of a reader from the instance and its rows.
    """
    count = task.instances

    def stage(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        index = TaskContext.get().partitionId() % count
        reports: list[tuple] = []
        if items is None:
            arriving: Iterable[Any] = _received(batches, reports)
        else:
            arriving = items(index, (value for batch in batches for value in batch.column(0).to_pylist()))

        def keep(key: tuple[int, int], report: dict[str, Any]) -> None:
            reports.append(((0, REPORTS, index, key[0]), pickle.dumps((key, report))))

        yield from _record_batches(task.run(index, arriving, keep))
        yield from _record_batches(iter(reports))

    stage.__name__ = stage.__qualname__ = task.title  # as Spark shows it in its plans
    return stage


def _received(batches: Iterable[pa.RecordBatch], reports: list[tuple]) -> Iterator[tuple[int, memoryview]]:
    """(channel, packed items) of what other stages sent; reports are passed on."""
    for batch in batches:
        channels = batch.column("channel").to_pylist()
        packed = batch.column("items")
        for row, channel in enumerate(channels):
            if channel > RESULTS:
                yield channel, memoryview(packed[row].as_buffer())
            elif channel == REPORTS:
                key = (0, REPORTS, *(batch.column(name)[row].as_py() for name in ("producer", "sequence")))
                reports.append((key, packed[row].as_py()))


def _record_batches(records: Iterator[tuple[tuple, Any]]) -> Iterator[pa.RecordBatch]:
    """Batches with their keys as rows, some megabytes at a time."""
    keys: list[tuple] = []
    packed: list[bytes] = []
    size = 0
    for key, value in records:
        blob = value if isinstance(value, bytes) else pickle.dumps(value, 5)
        if len(blob) > _MOST:
            raise RuntimeError(marked(RunFailed(
                f"an item of {len(blob):,} bytes is too large for a row of Spark, which holds {_MOST:,}: write it in "
                "pieces, or write the name of a file that holds it"
            )))  # fmt: skip
        if size + len(blob) > _BYTES and packed:
            yield _record_batch(keys, packed)
            keys, packed, size = [], [], 0
        keys.append(key)
        packed.append(blob)
        size += len(blob)
    if packed:
        yield _record_batch(keys, packed)


def _record_batch(keys: list[tuple], packed: list[bytes]) -> pa.RecordBatch:
    columns = [pa.array(column, field.type) for column, field in zip(zip(*keys, strict=True), _SCHEMA, strict=False)]
    return pa.RecordBatch.from_arrays([*columns, pa.array(packed, pa.binary())], schema=_SCHEMA)
