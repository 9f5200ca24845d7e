"""What the `main` of an RDD program works with, and its run on the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, suppress
from typing import Any, cast

from pyspark import RDD, Broadcast, SparkContext, StorageLevel
from pyspark.accumulators import AccumulatorParam
from pyspark.serializers import NoOpSerializer
from pyspark.sql import SparkSession

from d4p.engines.spark import connect
from d4p.engines.spark.broadcast import Channels, are_broadcast, as_moved, limits, numbered
from d4p.engines.spark.driver import log_of
from d4p.engines.spark.names import named
from d4p.engines.spark.readers import Source, source, width
from d4p.engines.spark.run import Reports, begun, shown, spool
from d4p.engines.spark.session import session
from d4p.engines.spark.task import Task
from d4p.engines.spark_rdd.exchange import results, shuffle
from d4p.engines.spark_rdd.pairs import from_broadcast, gather
from d4p.pairs.grid import tiles
from d4p.program.job import Job
from d4p.stage.channel import Channel
from d4p.stage.function import StageFunction


class _Accumulated(AccumulatorParam):
    """Reports by (stage, instance): a re-run task replaces its own, it never counts twice."""

    def zero(self, value: dict) -> dict:
        return {}

    def addInPlace(self, value1: dict, value2: dict) -> dict:
        value1.update(value2)
        return value1


class Run:
    """What the `main` of a Spark program works with."""

    def __init__(self, job: Job, spark: SparkSession) -> None:
        self.job, self.spark, self.sc = job, spark, spark.sparkContext
        self.log = log_of(job, self.sc)
        self.width = width(job.workflow.pes.values(), self.sc.defaultParallelism)
        job.recorder.width(self.width)
        self.tiles = tiles(self.sc.defaultParallelism)
        self._reports = self.sc.accumulator({}, _Accumulated())
        self._read: dict[str, Source] = {}
        self._kept: list[RDD] = []
        self._broadcasts: list[Broadcast] = []
        self._reached: dict[int, int] = {}  # by channel that was broadcast, the executors

    @property
    def reported(self) -> Reports:
        """What the instances have counted so far."""
        return self._reports.value

    def named(self, *stages: StageFunction, to: StageFunction | str = "") -> AbstractContextManager[None]:
        """Within this, what Spark makes is called `stage <number>: <PEs>` in its UI and event log: by the stages that
        write it, and where they are several by where it goes `to`."""
        numbers = ", ".join(str(stage.info.number) for stage in stages)
        what = to if isinstance(to, str) else f"for {to.info.title}"
        return named(self.sc, f"stage {numbers}: {what or stages[0].info.title}")

    def task(self, function: StageFunction, instances: int, to: Mapping[Channel, int] | None = None,
             root: str | None = None) -> Callable[[int, Iterable[Any]], Iterator[Any]]:
        """What mapPartitionsWithIndex calls: a stage's instances. `to` gives the instances of the consumer of each of
        its channels, `root` the reader whose items are what arrives."""
        task = Task(function, self.job.workflow, self.job.inputs, instances, to or {}, root, self._read.get(root or ""),
                    log_to=self.log.address)
        reports = self._reports

        def instance(index: int, arriving: Iterable[Any]) -> Iterator[Any]:
            if root is None:  # records of other stages: (key, batch)
                arriving = ((key[1], batch) for key, batch in arriving)
            return task.run(index, arriving, lambda key, report: reports.add({key: report}))

        return instance

    def read(self, reader: str, instances: int, in_order: bool = False, blocks: bool = False) -> RDD:
        """What the items of a reader are made from, in as many partitions as the stage has instances; `in_order` where
        they are put in order further on, or `blocks` where each takes neighbouring splits, as on other targets."""
        workflow = self.job.workflow
        found = source(self.spark, workflow.pes[reader], instances, self.job.inputs.limit, in_order,
                       reader in workflow.policies, blocks)
        self._read[reader] = found
        if found.frame is None:
            return self.sc.parallelize(range(instances), instances)
        # As bytes from Java to Python: rows would be pickled one by one.
        java: Any = self.sc._jvm
        binary = java.org.apache.spark.sql.Encoders.BINARY()
        return RDD(getattr(cast(Any, found.frame)._jdf, "as")(binary).toJavaRDD(), self.sc, NoOpSerializer())

    def once(self, stage: RDD) -> RDD:
        """A stage with several consumers is computed here, once, and kept on disk for all of them."""
        return self._computed(stage, StorageLevel.DISK_ONLY)

    def _computed(self, stage: RDD, where: StorageLevel) -> RDD:
        stage = stage.persist(where)
        self._kept.append(stage)
        cast(Any, stage)._jrdd.count()  # counts Spark's own batches: nothing goes back to Python
        return stage

    def pairs(self, batches: list[RDD], instances: int, channels: Channels) -> RDD:
        """The batches of the items to be paired, at the tiles that need them: by a broadcast or by a shuffle, whichever
        moves less. `channels` are those that they come on.

        Where it depends on how many there are, they are computed here, once, and kept until one or the other is made.
        """
        together = self.sc.union(batches) if len(batches) > 1 else batches[0]
        executors = connect.most_executors(self.spark, self.sc.defaultParallelism)

        def computed() -> Iterable[dict[str, Any]]:
            self._computed(together, StorageLevel.MEMORY_AND_DISK)
            return self.reported.values()

        most = limits(cast(Any, self.spark.conf.get), executors)
        if not are_broadcast(most, channels, instances, computed, self.job.log):
            return shuffle([together], instances, ordered=False, pairs=channels)
        with named(self.sc, f"{numbered(channels)}: a broadcast"):
            blocks = gather(together)
        self._broadcasts.append(blocks)
        together.unpersist()
        self._reached |= dict.fromkeys((channel.number for channel in channels), executors or 0)
        return from_broadcast(self.sc, blocks, channels, instances)

    def reports(self) -> list[dict[str, Any]]:
        """What the instances counted, in order."""
        return as_moved((self.reported[key] for key in sorted(self.reported)), self._reached)

    def finish(self, *stages: RDD) -> None:
        """Run what is left, and spool the results one partition at a time."""
        last = stages[0] if len(stages) == 1 else self.sc.union(list(stages))
        if not self.job.has_results:
            cast(Any, last)._jrdd.count()
            return
        found = results(self.once(last)).toLocalIterator()
        spool(self.job, (((pe_id, port, instance), batch) for (_, _, instance, _), (pe_id, port, batch) in found))

    def close(self) -> None:
        """Give back what was kept."""
        for stage in self._kept:
            with suppress(Exception):  # the session may be gone
                stage.unpersist()
        for broadcast in self._broadcasts:
            with suppress(Exception):
                broadcast.destroy()


def execute(job: Job, main: Callable[[SparkContext, Run], None]) -> list[dict[str, Any]]:
    """Run a Spark program's `main` in the session that spark-submit configures, or in a local one."""
    with begun(job, main, session) as spark, closing(Run(job, spark)) as run, shown(run):
        main(run.sc, run)
    return run.reports()
