"""What the `main` of a DataFrame program works with, and its run on the driver."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any, cast

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from d4p.engines.spark import connect
from d4p.engines.spark.broadcast import Channels, are_broadcast, as_moved, limits
from d4p.engines.spark.driver import log_of
from d4p.engines.spark.logs import Log
from d4p.engines.spark.readers import Source, source, width
from d4p.engines.spark.run import begun, shown, spool
from d4p.engines.spark.task import Task
from d4p.engines.spark_df.batches import NOTHING, REPORTS, on_batches
from d4p.engines.spark_df.columns import Wanted, form
from d4p.engines.spark_df.exchange import results, shuffle
from d4p.engines.spark_df.pairs import from_broadcast
from d4p.errors import Refused
from d4p.hadoop.packages import lacking, remedy
from d4p.pairs.grid import tiles
from d4p.program.job import Job
from d4p.stage.channel import Channel
from d4p.stage.figures import UNKNOWN
from d4p.stage.function import StageFunction

#: Adaptive execution would leave out a stage that gets no rows, whose instances live all the same, and may merge
#: partitions, which are instances.
_SETTINGS = {"spark.sql.adaptive.enabled": "false"}
#: Before Spark 4 a batch on its way to Python is bounded by rows alone: few, since a row is a batch of items.
_ROWS = {"spark.sql.execution.arrow.maxRecordsPerBatch": "128"}
#: So many tasks at most put together what Spark has aggregated: few rows.
_AGGREGATING = 200


class Run:
    """What the `main` of a DataFrame program works with."""

    def __init__(self, job: Job, spark: SparkSession) -> None:
        self.job, self.spark = job, spark
        self.log = Log(job.log) if connect.is_remote(spark) else log_of(job, spark.sparkContext)
        self.cores = connect.width(spark)
        self.width = width(job.workflow.pes.values(), self.cores)
        job.recorder.width(self.width)
        self.tiles = tiles(self.cores)
        self.reported: dict[tuple[int, int], dict[str, Any]] = {}
        self._sources: dict[str, Source] = {}
        self._kept: list[DataFrame] = []
        self._reached: dict[int, int] = {}  # by channel that was broadcast, the executors

    def instances(self, count: int) -> DataFrame:
        """One row, and nothing in it, for each instance of a stage that takes items from nowhere."""
        return self.spark.range(0, count, 1, count)

    def read(self, reader: str, instances: int, in_order: bool = False, blocks: bool = False) -> DataFrame:
        """What the items of a reader are made from, in as many partitions as the stage has instances; `in_order` where
        they are put in order further on, or `blocks` where each takes neighbouring splits, as on other targets."""
        workflow = self.job.workflow
        found = source(self.spark, workflow.pes[reader], instances, self.job.inputs.limit, in_order,
                       reader in workflow.policies, blocks)
        self._sources[reader] = found
        return self.instances(instances) if found.frame is None else found.frame

    def task(self, function: StageFunction, instances: int, to: Mapping[Channel, int] | None = None,
             root: str | None = None, columns: Mapping[Channel, Wanted] | None = None,
             aggregate: str | None = None) -> Callable:
        """What mapInArrow calls: a stage's instances. `to` gives the instances of the consumer of each of its channels,
        `root` the reader whose items are what arrives, `columns` what of the items of its channels are columns,
        `aggregate` the PE for which Spark aggregated those that arrive."""
        columns, read = columns or {}, self._sources.get(root or "")
        forms = {channel.number: form(wanted) for channel, wanted in columns.items()}
        task = Task(function, self.job.workflow, self.job.inputs, instances, to or {}, root, read, forms, aggregate,
                    self.log.address, apart=True)
        return on_batches(task, columns)

    def union(self, outputs: list[DataFrame], instances: list[int]) -> DataFrame:
        """The outputs of several stages in one DataFrame, with nulls where one has no such column. Each begins at a
        multiple of its own count of partitions, so that its tasks, which Spark numbers through, know which instances
        they are."""
        together, count = outputs[0], instances[0]
        for output, partitions in zip(outputs[1:], instances[1:], strict=True):
            if short := -count % partitions:
                together, count = together.unionByName(self._nothing(short), True), count + short
            together, count = together.unionByName(output, True), count + partitions
        return together

    def _nothing(self, partitions: int) -> DataFrame:
        # Not a literal: from one Spark would see that nothing here is asked for, and leave the partitions out.
        channel = (F.lit(NOTHING) - F.col("id")).cast("int").alias("channel")
        columns = [F.lit(0).alias("dest"), channel, F.lit(0).alias("producer"),
                   F.col("id").alias("sequence"), F.lit(None).cast("binary").alias("items")]  # fmt: skip
        return self.spark.range(0, partitions, 1, partitions).select(*columns)

    def once(self, stage: DataFrame) -> DataFrame:
        """A stage with several consumers is computed here, once, and kept on disk for all of them."""
        return self._computed(stage, StorageLevel.DISK_ONLY)

    def _computed(self, stage: DataFrame, where: StorageLevel) -> DataFrame:
        stage = stage.persist(where)
        self._kept.append(stage)
        self._take_reports(stage)
        return stage

    def pairs(self, batches: DataFrame, instances: int, channels: Channels) -> DataFrame:
        """The batches of the items to be paired, at the tiles that need them: by a broadcast or by a shuffle, whichever
        moves less. `channels` are those that they come on.

        Where it depends on how many there are, they are computed here, once, and kept for one or the other.
        """
        executors = connect.most_executors(self.spark, self.cores)

        def computed() -> Iterable[dict[str, Any]]:
            self._computed(batches, StorageLevel.MEMORY_AND_DISK)
            return self.reported.values()

        most = limits(cast(Any, self.spark.conf.get), executors)
        if not are_broadcast(most, channels, instances, computed, self.job.log):
            return shuffle(batches, instances, ordered=False, pairs=channels)
        self._reached |= dict.fromkeys((channel.number for channel in channels), executors or 0)
        return from_broadcast(batches, channels, instances)

    def _take_reports(self, stage: DataFrame) -> None:
        for row in stage.where(F.col("channel") == REPORTS).select("items").collect():
            key, report = pickle.loads(row.items)
            self.reported[key] = report | {"figures": UNKNOWN}

    def finish(self, last: DataFrame) -> None:
        """Run what is left, and spool the results one partition at a time."""
        if not self.job.has_results:
            self._take_reports(last)
            return
        found = results(self.once(last)).select("producer", "items").toLocalIterator()
        named = ((instance, *pickle.loads(packed)) for instance, packed in found)
        spool(self.job, (((pe_id, port, instance), batch) for instance, pe_id, port, batch in named))

    def reports(self) -> list[dict[str, Any]]:
        """What the instances counted, in order."""
        for key, report in self.reported.items():
            report["figures"] = self.log.figures.get(key, UNKNOWN)
        return as_moved((self.reported[key] for key in sorted(self.reported)), self._reached)

    def close(self) -> None:
        """Give back what was kept."""
        for stage in self._kept:
            with suppress(Exception):  # the session may be gone
                stage.unpersist()


def execute(job: Job, main: Callable[[SparkSession, Run], None]) -> list[dict[str, Any]]:
    """Run a DataFrame program's `main` in the session that spark-submit or SPARK_REMOTE gives, or in a local one."""
    if lacks := lacking("connect" if "SPARK_REMOTE" in os.environ else "sql"):
        raise Refused(f"this pyspark asks for {', '.join(lacks)}: {remedy(lacks)}")
    with (begun(job, main, connect.session) as spark, closing(Run(job, spark)) as run, _settings(spark, run.width),
          shown(run)):
        main(spark, run)
    return run.reports()


@contextmanager
def _settings(spark: SparkSession, width: int) -> Iterator[None]:
    """What a program needs of the session, while it runs."""
    wanted = {**_SETTINGS, **(_ROWS if spark.version.startswith("3.") else {})}
    wanted["spark.sql.shuffle.partitions"] = str(min(width, _AGGREGATING))
    if connect.is_remote(spark):  # which doesn't tell how many partitions files have: enough to share them out
        wanted["spark.sql.files.minPartitionNum"] = str(4 * width)
    before = {key: spark.conf.get(key, None) for key in wanted}
    for key, value in wanted.items():
        spark.conf.set(key, value)
    try:
        yield
    finally:
        for key, value in before.items():
            spark.conf.unset(key) if value is None else spark.conf.set(key, value)
