"""Pairs of an RDD's items: batches name their block; each tile's task gets those of its row and its column."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from pyspark import RDD, Broadcast, SparkContext

from d4p.engines.spark.broadcast import Channels, needs
from d4p.engines.spark.outbox import Key


def by_tiles(batches: RDD, channels: Channels, instances: int) -> RDD:
    """A batch that names its block goes to every tile that needs the block; others stay as they are."""
    tiles = {channel.number: channel.exchange.spread(instances) for channel in channels}

    def addressed(record: tuple[Key, Any]) -> Iterator[tuple[Key, Any]]:
        (block, channel, producer, sequence), batch = record
        for tile in tiles[channel][block] if channel in tiles else (block,):
            yield (tile, channel, producer, sequence), batch

    return batches.flatMap(addressed)


def gather(batches: RDD) -> Broadcast:
    """All batches at every executor, by (channel, block). They go through the driver's memory."""
    blocks: dict[tuple[int, int], list[tuple[list[int], bytes]]] = {}
    for key, batch in sorted(batches.collect(), key=itemgetter(0)):
        block, channel, *place = key
        blocks.setdefault((channel, block), []).append((place, batch))
    return batches.context.broadcast(blocks)


def from_broadcast(sc: SparkContext, blocks: Broadcast, channels: Channels, instances: int) -> RDD:
    """For each tile the batches that it needs: nothing moves, and a task that is run again takes the same."""
    needed = needs(channels, instances)

    def mine(tile: int, _: Any) -> Iterator[tuple[tuple[int, ...], bytes]]:
        found = blocks.value  # read once by each Python process
        for channel, block in needed[tile]:
            for place, batch in found.get((channel, block), ()):
                yield (tile, channel, *place), batch

    return sc.parallelize(range(instances), instances).mapPartitionsWithIndex(mine)
