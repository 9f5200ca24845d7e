"""Exchanges as the JVM's own shuffles: rows with `dest` i come to partition i, exactly."""

from __future__ import annotations

from functools import cache

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from d4p.spark.broadcast import Kinds
from d4p.spark_df.pairs import by_tiles


def shuffle(batches: DataFrame, instances: int, ordered: bool, pairs: Kinds | None = None) -> DataFrame:
    """Bring every batch to the partition of its instance; those of channels for `pairs` to all that need them.

    A shuffle hands over in another order on every run. A stage that keeps state or routes by a counter takes its
    batches `ordered` by (channel, producer instance, sequence), or a re-run task would route differently.
    """
    if pairs:
        batches = by_tiles(batches, pairs, instances)
    by_id = hasattr(batches, "repartitionById")  # from Spark 4.1 on
    arrived = batches.repartitionById(instances, "dest") if by_id else by_hash(batches, instances)
    return arrived.sortWithinPartitions("channel", "producer", "sequence") if ordered else arrived


def by_hash(batches: DataFrame, instances: int) -> DataFrame:
    """The same by Spark's hash partitioning: of numbers that stand for the partitions."""
    numbers = F.array(*map(F.lit, representatives(instances)))
    return batches.repartition(instances, F.element_at(numbers, F.col("dest") + 1))


@cache
def representatives(partitions: int) -> tuple[int, ...]:
    """For each partition the least int, from 0, that Spark's hash partitioning brings to it.

    Spark puts a row into partition pmod(murmur3(value, seed 42), partitions).
    """
    found: dict[int, int] = {}
    number = 0
    while len(found) < partitions:
        found.setdefault(murmur3(number) % partitions, number)
        number += 1
    return tuple(found[partition] for partition in range(partitions))


def murmur3(value: int, seed: int = 42) -> int:
    """The 32-bit MurmurHash3 (A. Appleby; x86 variant) of an int's four bytes, signed: what Spark's `hash` gives."""
    k = value * 0xCC9E2D51 & 0xFFFFFFFF
    k = (k << 15 | k >> 17) & 0xFFFFFFFF
    h = seed ^ (k * 0x1B873593 & 0xFFFFFFFF)
    h = (h << 13 | h >> 19) & 0xFFFFFFFF
    h = (h * 5 + 0xE6546B64) & 0xFFFFFFFF
    h ^= 4
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    h ^= h >> 16
    return h - (1 << 32) if h >= 1 << 31 else h
