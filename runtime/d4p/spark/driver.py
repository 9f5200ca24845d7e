"""What the drivers of Spark programs share: a name, how far Spark is, what failed."""

from __future__ import annotations

from typing import Any

from d4p.errors import WorkerLost
from d4p.job import Job
from d4p.spark.task import unmarked


def name(job: Job) -> str:
    """What the application is called: the workflow's module."""
    return job.workflow.source.partition(":")[0]


def stages_progress(job: Job, sc: Any) -> None:
    """Say how many tasks of each active stage are done."""
    tracker = sc.statusTracker()
    for stage_id in tracker.getActiveStageIds():
        info = tracker.getStageInfo(stage_id)
        if info:
            job.stage_progress(info.name, info.numCompletedTasks, info.numTasks)


def failure(error: Exception) -> Exception:
    """What to tell the user: the PE's own failure if there is one, without Java's stack."""
    ours = unmarked(str(error))
    if ours is not None:
        return ours
    if type(error).__module__.startswith(("py4j", "pyspark")):
        lines = [line for line in str(error).splitlines() if line.strip() and not line.lstrip().startswith("at ")]
        return WorkerLost("Spark: " + "\n".join(lines[:30]))
    return error
