"""The driver of a Spark program: session, tasks, the action at the end, and what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from pyspark import RDD, Broadcast, SparkContext, StorageLevel
from pyspark.accumulators import AccumulatorParam
from pyspark.serializers import NoOpSerializer
from pyspark.sql import SparkSession

from d4p.engines.spark.broadcast import Kinds, as_moved, channels, limits, most_executors, sizes
from d4p.engines.spark.driver import executors, failure, in_one_process, log_of, name, showing, stages_progress
from d4p.engines.spark.names import named
from d4p.engines.spark.outbox import RESULTS
from d4p.engines.spark.preflight import preflight
from d4p.engines.spark.readers import Source, source, width
from d4p.engines.spark.session import session
from d4p.engines.spark.ship import archives
from d4p.engines.spark.task import Task
from d4p.engines.spark_rdd.exchange import shuffle, take
from d4p.engines.spark_rdd.pairs import from_broadcast, gather
from d4p.errors import D4pError
from d4p.items.packing import unpack
from d4p.pairs.grid import tiles
from d4p.program.events import Sampler
from d4p.program.job import Job


class _Reports(AccumulatorParam):
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
        self.tiles = tiles(self.sc.defaultParallelism)
        self.reports = self.sc.accumulator({}, _Reports())
        self._sources: dict[str, Source] = {}
        self._kept: list[RDD] = []
        self._broadcasts: list[Broadcast] = []
        self._reached: dict[int, int] = {}  # by channel that was broadcast, the executors

    def named(self, stage: int | str, pes: str):
        """Within this, what Spark makes is called `stage <number>: <pes>` in its UI and event log."""
        return named(self.sc, f"stage {stage}: {pes}")

    def task(self, function: Callable, instances: int, to: dict[int, int] | None = None,
             root: str | None = None) -> Callable[[int, Iterable[Any]], Iterator[Any]]:
        """What mapPartitionsWithIndex calls: a stage's instances. `to` gives the instances of the consumer of each of
        its channels, `root` the reader whose items are what arrives."""
        task = Task(function, self.job.workflow, self.job.inputs, instances, to or {}, root, self._sources.get(root),
                    log_to=self.log.address)
        reports = self.reports

        def instance(index: int, arriving: Iterable[Any]) -> Iterator[Any]:
            if root is None:  # records of other stages: (key, batch)
                arriving = ((key[1], batch) for key, batch in arriving)
            return task.run(index, arriving, lambda key, report: reports.add({key: report}))

        return instance

    def read(self, reader: str, instances: int) -> RDD:
        """What the items of a reader are made from, in as many partitions as the stage has instances."""
        found = source(self.spark, self.job.workflow.pes[reader], instances, self.job.inputs.limit)
        self._sources[reader] = found
        if found.frame is None:
            return self.sc.parallelize(range(instances), instances)
        # As bytes from Java to Python: rows would be pickled one by one.
        binary = self.sc._jvm.org.apache.spark.sql.Encoders.BINARY()
        return RDD(getattr(found.frame._jdf, "as")(binary).toJavaRDD(), self.sc, NoOpSerializer())

    def once(self, stage: RDD) -> RDD:
        """A stage with several consumers is computed here, once, and kept on disk for all of them."""
        return self._computed(stage, StorageLevel.DISK_ONLY)

    def _computed(self, stage: RDD, where: StorageLevel) -> RDD:
        stage = stage.persist(where)
        self._kept.append(stage)
        stage._jrdd.count()  # counts Spark's own batches: nothing goes back to Python
        return stage

    def pairs(self, batches: list[RDD], instances: int, kinds: Kinds) -> RDD:
        """The batches of the items to be paired, at the tiles that need them: by a broadcast or by a shuffle, whichever
        moves less. `kinds` are the kinds of exchange of the channels that they come on.

        Where it depends on how many there are, they are computed here, once, and kept until one or the other is made.
        """
        setting, here = self.spark.conf.get, in_one_process(self.sc.master)
        found = limits(setting, most_executors(setting, here, lambda: executors(self.sc)))
        why = found.why_tiles(kinds, instances)
        if not why:
            together = self.sc.union(batches) if len(batches) > 1 else batches[0]
            batches = [self._computed(together, StorageLevel.MEMORY_AND_DISK)]
            size, by_tiles = sizes(self.reports.value.values(), kinds)
            why = found.why_tiles_of(size, by_tiles)
        if why:
            self.job.log(f"{channels(kinds)}: tiles as keys: {why}")
            return shuffle(batches, instances, ordered=False, pairs=kinds)
        self.job.log(f"{channels(kinds)}: {found.broadcast(size, by_tiles)}")
        with named(self.sc, f"{channels(kinds)}: a broadcast"):
            blocks = gather(*batches)
        self._broadcasts.append(blocks)
        batches[0].unpersist()
        self._reached |= dict.fromkeys(kinds, found.executors)
        return from_broadcast(self.sc, blocks, kinds, instances)

    def reported(self) -> list[dict[str, Any]]:
        """What the instances counted, in order."""
        reports = self.reports.value
        return as_moved((reports[key] for key in sorted(reports)), self._reached)

    def finish(self, *stages: RDD) -> None:
        """Run what is left, and spool the results one partition at a time."""
        last = stages[0] if len(stages) == 1 else self.sc.union(list(stages))
        if not self.job.has_results:
            last._jrdd.count()
            return
        last = self.once(last)
        parts: dict[tuple, Callable] = {}
        for (_, channel, instance, _), value in take(last, RESULTS).toLocalIterator():
            if channel == RESULTS:
                pe_id, port, batch = value
                key = (pe_id, port, instance)
                if key not in parts:
                    parts[key] = self.job.spool.part(*key)
                for item in unpack(batch):
                    parts[key](item)

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
    job.workflow.flat  # noqa: B018  a workflow that isn't the compiled one is refused before Spark starts
    script = Path(main.__globals__["__file__"]).resolve()
    job.phase("starting Spark")
    with session(name(job)) as spark:
        try:
            sc = spark.sparkContext
            for archive in archives(script.parent, sc.applicationId):
                sc.addPyFile(str(archive))
            job.phase("trying what the executors can do")
            preflight(sc, job)
            job.phase("")
            run = Run(job, spark)
            with closing(run), showing(run.log), Sampler(lambda: _progress(job, run), seconds=0.5):
                main(sc, run)
                run.log.close(run.reports.value)
            return run.reported()
        except D4pError:
            raise
        except Exception as error:
            raise failure(error) from None  # what Spark says lies in its Java, which ends with the session


def _progress(job: Job, run: Run) -> None:
    run.log.reported(run.reports.value)
    with suppress(Exception):  # Java may be gone: whoever waits for it says so
        stages_progress(job, run.sc)
    job.progress(list(run.reports.value.values()))
