"""Library readers on Spark: their splits are spread over the tasks of the first stage."""

from __future__ import annotations

from typing import Any

from pyspark import RDD, SparkContext

from d4p.job import read_splits


def read(sc: SparkContext, reader: Any, instances: int, limit: int | None) -> RDD:
    """The items of a reader, in as many partitions as the stage has instances."""
    if limit is not None:
        first = sc.parallelize(range(instances), instances)
        return first.flatMap(lambda index: read_splits(reader, index, instances, limit))
    return sc.parallelize(reader.plan_splits(), instances).flatMap(reader.read)
