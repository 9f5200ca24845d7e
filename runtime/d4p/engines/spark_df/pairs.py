"""Pairs of a DataFrame's items: rows name their block; each tile's task gets those of its row and its column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from d4p.engines.spark.broadcast import Channels, needs


def by_tiles(batches: DataFrame, channels: Channels, instances: int) -> DataFrame:
    """A row that names its block goes to every tile that needs the block; others stay as they are."""
    tiles = F.array("dest")
    for channel in channels:
        of_block = _array(_array(reached) for reached in channel.exchange.spread(instances))
        tiles = F.when(F.col("channel") == channel.number, F.expr(f"element_at({of_block}, dest + 1)")).otherwise(tiles)
    others = [column for column in batches.columns if column != "dest"]
    return batches.select(F.explode(tiles).alias("dest"), *others)


def from_broadcast(batches: DataFrame, channels: Channels, instances: int) -> DataFrame:
    """For each tile the rows that it needs: a join of tiles and blocks, of which Spark broadcasts the blocks.

    They go through the driver's memory. Tiles stay where they are, one in each partition.
    """
    needed = _array(_array(f"struct({channel} AS channel, {block} AS block)" for channel, block in mine)
                    for mine in needs(channels, instances))
    tiles = batches.sparkSession.range(0, instances, 1, instances).selectExpr(
        "int(id) AS dest", f"inline(element_at({needed}, int(id) + 1))")
    blocks = batches.withColumnRenamed("dest", "block")
    return tiles.join(F.broadcast(blocks), ["channel", "block"]).select(batches.columns)


def _array(values: Iterable[Any]) -> str:
    return f"array({', '.join(map(str, values))})"
