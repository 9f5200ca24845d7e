"""Exchanges as the JVM's own shuffles: rows with `dest` i come to partition i, exactly."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from d4p.engines.spark.broadcast import Channels
from d4p.engines.spark.outbox import RESULTS
from d4p.engines.spark_df.pairs import by_tiles
from d4p.stage.channel import Channel


def take(stage: DataFrame, *channels: Channel) -> DataFrame:
    """The rows of some of a stage's channels."""
    numbers = [channel.number for channel in channels]
    return stage.where(F.col("channel") == numbers[0] if len(numbers) == 1 else F.col("channel").isin(numbers))


def results(stage: DataFrame) -> DataFrame:
    """The rows of a stage's results."""
    return stage.where(F.col("channel") == RESULTS)


def shuffle(batches: DataFrame, instances: int, ordered: bool, pairs: Channels = ()) -> DataFrame:
    """Bring every batch to the partition of its instance; those of the channels for `pairs` to all that need them.

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
    numbers = F.array(*map(F.lit, representatives(batches.sparkSession, instances)))
    return batches.repartition(instances, F.element_at(numbers, F.col("dest") + 1))


def representatives(spark: SparkSession, partitions: int) -> tuple[int, ...]:
    """For each partition the least int, from 0, that Spark's hash partitioning brings to it: asked of its own `hash`,
    by which it partitions."""
    if partitions not in _REPRESENTATIVES:
        found: list = []
        numbers = 16 * partitions  # more than enough for nearly all counts
        while len(found) < partitions:
            partition = F.expr(f"pmod(hash(CAST(id AS INT)), {partitions})").alias("partition")
            found = spark.range(0, numbers, 1, 1).groupBy(partition).agg(F.min("id").alias("least")).collect()
            numbers *= 2
        _REPRESENTATIVES[partitions] = tuple(row.least for row in sorted(found))
    return _REPRESENTATIVES[partitions]


#: By count of partitions: the same in every session.
_REPRESENTATIVES: dict[int, tuple[int, ...]] = {}
