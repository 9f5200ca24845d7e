"""What the drivers of Spark programs share: a name, how far Spark is, what failed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from d4p.engines.spark.logs import Log
from d4p.engines.spark.task import unmarked
from d4p.errors import D4pError, RunFailed, WorkerLost
from d4p.hadoop.causes import OUT_OF_MEMORY, cause
from d4p.program.job import Job


def name(job: Job) -> str:
    """What the application is called: the workflow's module."""
    return job.workflow.source.partition(":")[0]


def in_one_process(master: Any) -> bool:
    """Whether Spark has no executors but runs tasks beside its driver."""
    return master.startswith("local") and not master.startswith("local-cluster")


def executors(sc: Any) -> int:
    """How many executors there are now."""
    return len(sc._jsc.sc().statusTracker().getExecutorInfos()) - 1  # the driver is one of those


def log_of(job: Job, sc: Any) -> Log:
    """Where what PEs log in a SparkContext's tasks is shown; on one machine nobody else may come near."""
    if sc.master.startswith("local"):
        return Log(job.log, "127.0.0.1")
    host = sc.getConf().get("spark.driver.host")
    return Log(job.log, host, sc.getConf().get("spark.driver.bindAddress", host))


@contextmanager
def showing(log: Log) -> Iterator[None]:
    """Where what is within this fails, what PEs have logged before is shown first."""
    try:
        yield
    except Exception as error:
        found = failure(error)
        log.failed(found)
        raise found from None  # what Spark says lies in its Java, which ends with the session
    finally:
        log.close()


def stages_progress(job: Job, sc: Any) -> None:
    """Say how many tasks of each active stage are done."""
    tracker = sc.statusTracker()
    for stage_id in tracker.getActiveStageIds():
        info = tracker.getStageInfo(stage_id)
        if info:
            job.stage_progress(info.name, info.numCompletedTasks, info.numTasks)


def failure(error: Exception) -> Exception:
    """What to tell the user: the PE's own failure if there is one, or the cause if it is known; without Java's stack,
    unless D4P_DEBUG=1 asks for it."""
    said = str(error)
    found = _ours(said) or (_sparks(said) if type(error).__module__.startswith(("py4j", "pyspark")) else None)
    if found is None:
        return error
    if os.environ.get("D4P_DEBUG") == "1" and isinstance(found, RunFailed):
        kind = WorkerLost if isinstance(found, WorkerLost) else RunFailed
        return kind(f"{found}\n\nAll that Spark said:\n{said}")
    return found


def _ours(said: str) -> D4pError | None:
    """The failure of a PE, with what to do about it where it ran out of memory."""
    error = unmarked(said)
    if error is not None and "MemoryError" in str(error).partition("\n")[0]:
        return RunFailed(f"{error}\n{OUT_OF_MEMORY}")
    return error


def _sparks(said: str) -> WorkerLost:
    """A failure of Spark's own, as its cause or else in its words."""
    known = cause(said)
    lines = [line for line in said.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    return WorkerLost(known or "Spark: " + "\n".join(lines[:30]))
