"""Rows between stages: a row is a batch of items, packed, with the key that says where it goes and in which order."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from d4p.engines.spark.outbox import RESULTS
from d4p.engines.spark.task import Aggregated, Task, marked
from d4p.engines.spark_df.columns import Columns, Wanted, aggregated, fields, record_batch
from d4p.errors import RunFailed
from d4p.stage.channel import Channel

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


def on_batches(task: Task, columns: Mapping[Channel, Wanted] | None = None) -> Callable:
    """What mapInArrow calls for a stage: one partition is one instance.

    Partitions that are put together with those of other stages lie behind a multiple of their own count (see `union`),
    so what is left over by it is the instance. `columns` are those of the stage's channels.
    """
    count = task.instances
    schema = pa.schema([*_SCHEMA, *fields(columns or {})])

    def stage(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context: Any = TaskContext.get()
        index = context.partitionId() % count
        reports: list[tuple] = []
        if task.root is None:
            arriving: Iterable[Any] = _received(batches, reports)
        else:
            arriving = (value for batch in batches for value in batch.column(0).to_pylist())

        def keep(key: tuple[int, int], report: dict[str, Any]) -> None:
            reports.append(((0, REPORTS, index, key[0]), pickle.dumps((key, report))))

        yield from _record_batches(task.run(index, arriving, keep), schema)
        yield from _record_batches(iter(reports), schema)
        if task.root is None:  # a root asks for nothing, and of a worker that leaves something Spark makes no more use
            for _ in batches:
                pass

    stage.__name__ = stage.__qualname__ = task.title  # as Spark shows it in its plans
    return stage


def _received(batches: Iterable[pa.RecordBatch],
              reports: list[tuple]) -> Iterator[tuple[int, memoryview | Aggregated]]:
    """(channel, packed items) of what other stages sent, or what Spark made of them; reports are passed on."""
    for batch in batches:
        channels = batch.column("channel").to_pylist()
        packed = batch.column("items")
        for row, channel in enumerate(channels):
            if channel > RESULTS:
                blob = packed[row]
                yield channel, memoryview(blob.as_buffer()) if blob.is_valid else aggregated(batch, row)
            elif channel == REPORTS:
                key = (0, REPORTS, *(batch.column(name)[row].as_py() for name in ("producer", "sequence")))
                reports.append((key, packed[row].as_py()))


def _record_batches(records: Iterator[tuple[tuple, Any]], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches with their keys as rows, some megabytes at a time."""
    keys: list[tuple] = []
    packed: list[bytes] = []
    size = 0
    apart: list[tuple[tuple, Columns]] = []
    size_apart = 0
    for key, value in records:
        if isinstance(value, Columns):
            apart.append((key, value))
            size_apart += value.size
            if size_apart > _BYTES:
                yield record_batch(apart, schema)
                apart, size_apart = [], 0
            continue
        blob = value if isinstance(value, bytes) else pickle.dumps(value, 5)
        if len(blob) > _MOST:
            raise RuntimeError(marked(RunFailed(
                f"an item of {len(blob):,} bytes is too large for a row of Spark, which holds {_MOST:,}: write it in "
                "pieces, or write the name of a file that holds it"
            )))  # fmt: skip
        if size + len(blob) > _BYTES and packed:
            yield _record_batch(keys, packed, schema)
            keys, packed, size = [], [], 0
        keys.append(key)
        packed.append(blob)
        size += len(blob)
    if packed:
        yield _record_batch(keys, packed, schema)
    if apart:
        yield record_batch(apart, schema)


def _record_batch(keys: list[tuple], packed: list[bytes], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array(column, field.type) for column, field in zip(zip(*keys, strict=True), schema, strict=False)]
    nothing = [pa.nulls(len(packed), field.type) for field in list(schema)[len(_SCHEMA) :]]
    return pa.RecordBatch.from_arrays([*columns, pa.array(packed, pa.binary()), *nothing], schema=schema)
