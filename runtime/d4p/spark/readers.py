"""Library readers as Spark reads best: text by its own input format, other files by splits that tasks read."""

from __future__ import annotations

from typing import Any

from pyspark import RDD, SparkContext


def read(sc: SparkContext, reader: Any, instances: int, limit: int | None) -> RDD:
    """The items of a reader, in as many partitions as the stage has instances."""
    text = getattr(reader, "spark_text", None)
    paths = text() if text is not None and limit is None else None
    if paths is not None:
        return exactly(sc.textFile(",".join(paths), instances), instances)
    splits = reader.plan_splits()
    if limit is not None:
        from d4p.job import read_splits

        return exactly(sc.parallelize([0], 1).flatMap(lambda _: read_splits(reader, 0, 1, limit)), instances)
    return sc.parallelize(splits, instances).flatMap(reader.read)


def exactly(rdd: RDD, partitions: int) -> RDD:
    """The same items in exactly so many partitions, without a shuffle."""
    have = rdd.getNumPartitions()
    if have > partitions:
        return rdd.coalesce(partitions)
    if have < partitions:
        return rdd.context.union([rdd, rdd.context.parallelize([], partitions - have)])
    return rdd
