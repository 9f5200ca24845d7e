"""Exchanges as Spark shuffles: a batch's key begins with the instance that it goes to."""

from __future__ import annotations

from typing import Any

from pyspark import RDD

from d4p.engines.spark.broadcast import Channels
from d4p.engines.spark.outbox import RESULTS
from d4p.engines.spark_rdd.pairs import by_tiles
from d4p.stage.channel import Channel


def destination(key: tuple) -> int:
    """The partition of a key: the consumer's instance."""
    return key[0]


def take(stage: RDD, *channels: Channel) -> RDD:
    """The batches of some of a stage's channels."""
    return _take(stage, frozenset(channel.number for channel in channels))


def results(stage: RDD) -> RDD:
    """The batches of a stage's results."""
    return _take(stage, frozenset([RESULTS]))


def _take(stage: RDD, wanted: frozenset[int]) -> RDD:
    return stage.filter(lambda record: record[0][1] in wanted)


def shuffle(batches: list[RDD], instances: int, ordered: bool, pairs: Channels = ()) -> RDD:
    """Bring every batch to the partition that its key names; those of the channels for `pairs` to all that need them.

    A shuffle hands over in another order on every run. A stage that keeps state or routes by a counter takes its
    batches `ordered` by (channel, producer instance, sequence), or a re-run task would route differently.
    """
    all_batches: Any = batches[0] if len(batches) == 1 else batches[0].context.union(batches)
    if pairs:
        all_batches = by_tiles(all_batches, pairs, instances)
    if ordered:
        return all_batches.repartitionAndSortWithinPartitions(instances, destination)
    return all_batches.partitionBy(instances, destination)
