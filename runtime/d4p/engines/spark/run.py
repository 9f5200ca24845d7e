"""What both kinds of Spark program do on the driver: begin, show how far they are, spool results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from pyspark.sql import SparkSession

from d4p.engines.spark import connect, figures
from d4p.engines.spark.driver import failure, name, showing, stages_progress
from d4p.engines.spark.logs import Log
from d4p.errors import D4pError
from d4p.host.signals import before_failures
from d4p.items.packing import unpack
from d4p.program.events import Sampler
from d4p.program.job import Job

#: What the instances have counted, by (stage, instance): a task that is run again replaces its own.
Reports = Mapping[tuple[int, int], dict[str, Any]]


class Running(Protocol):
    """What the `main` of a Spark program works with, as far as its progress is shown."""

    job: Job
    spark: SparkSession
    log: Log

    @property
    def reported(self) -> Reports:
        """What the instances have counted so far."""
        ...


@contextmanager
def begun(job: Job, main: Callable, session: Callable[[str], AbstractContextManager[Any]]) -> Iterator[Any]:
    """A session in which a program can run: the executors have what it needs, and what they can do was tried. Within
    this, failures come as the PE's own or with their cause, without Java's stack."""
    job.workflow.make()  # one that isn't the compiled one is refused before Spark starts
    script = Path(main.__globals__["__file__"]).resolve()
    job.phase("starting Spark")
    with before_failures(), session(name(job)) as spark:
        try:
            connect.ship(spark, script.parent)
            job.phase("trying what the executors can do")
            connect.look_first(spark, job)
            job.phase("")
            yield spark
        except D4pError:
            raise
        except Exception as error:
            raise failure(error) from None  # what Spark says lies in its Java, which ends with the session


@contextmanager
def shown(run: Running) -> Iterator[None]:
    """Within this it is shown how far a run is, and what its PEs log; Spark's figures of its stages are recorded."""
    told = run.job.workflow.writing.recorded and not connect.is_remote(run.spark)
    if connect.is_remote(run.spark):
        run.job.recorder.spark_connect()
    before = figures.stage_ids(run.spark) if told else set()
    stopped: list[Exception] = []
    with showing(run.log), Sampler(lambda: _progress(run, stopped), seconds=0.5):
        try:
            yield
        except Exception:
            if stopped:
                raise stopped[0] from None
            raise
        run.log.close(run.reported)
    if told:
        run.job.recorder.spark(figures.stages(run.spark, before))


def _progress(run: Running, stopped: list[Exception]) -> None:
    """Show how far a run is, and stop it where too many items have failed."""
    run.log.reported(run.reported)
    if not connect.is_remote(run.spark):
        with suppress(Exception):  # Java may be gone: whoever waits for it says so
            stages_progress(run.job, run.spark.sparkContext)
    reports = list(run.reported.values())
    run.job.progress(reports)
    if not stopped and not connect.is_remote(run.spark) and (failed := run.job.too_many(reports)):
        stopped.append(failed)
        with suppress(Exception):
            run.spark.sparkContext.cancelAllJobs()


def spool(job: Job, batches: Iterable[tuple[tuple[str, str, int], Any]]) -> None:
    """Spool results: batches by (PE id, port, instance)."""
    parts: dict[tuple[str, str, int], Callable[[Any], None]] = {}
    for key, batch in batches:
        if key not in parts:
            parts[key] = job.spool.part(*key)
        for item in unpack(batch):
            parts[key](item)

