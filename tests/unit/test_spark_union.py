"""Outputs of several stages in one DataFrame: tasks know which instances they are, whatever Spark leaves out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pyspark.sql import functions as F

from d4p.engines.spark_df.batches import REPORTS
from d4p.engines.spark_df.run import Run

pytestmark = pytest.mark.spark


def test_each_stage_begins_at_a_multiple_of_its_instances(spark_session):
    recorder = SimpleNamespace(width=lambda width: None)
    job = SimpleNamespace(workflow=SimpleNamespace(pes={}), log=print, recorder=recorder)
    run = Run(job, spark_session)
    outputs = [run._nothing(count).withColumn("channel", F.lit(REPORTS)) for count in (3, 2, 4)]
    together = run.union(outputs, [3, 2, 4])
    assert together.rdd.getNumPartitions() == 3 + 1 + 2 + 2 + 4
    reports = together.where(F.col("channel") == REPORTS)
    assert reports.rdd.getNumPartitions() == 12  # not left out, though nothing in them is asked for
    found = [row.partition for row in reports.select(F.spark_partition_id().alias("partition")).collect()]
    assert sorted(found) == [0, 1, 2, 4, 5, 8, 9, 10, 11]
