"""Spark's own figures of its stages: what a JVM knows, and its Python workers don't."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

#: Milliseconds that Spark has to count what has just ended.
_PATIENCE = 2_000
#: Stages that are asked for at most, the last ones: each takes some milliseconds.
_MOST = 200
_QUANTILES = {"median": 0.5, "longest": 1.0}


def stage_ids(spark: Any) -> set[int]:
    """The stages that a session has had so far. It may have run other programs before."""
    with suppress(Exception):  # what Spark's Java says of itself is no run's to fail for
        return {each.stageId() for each in _stages(spark)}
    return set()


def stages(spark: Any, before: set[int]) -> list[dict[str, Any]]:
    """Of each stage, but for those of `before`, in the order of their numbers: its `name`, `id`, `tasks`, those that
    `failed`, `seconds` of all tasks, of the `longest` and of the `median`, `gc` (seconds), bytes that were `read` from
    shuffles and `written` to them, and `spilled` to disk; none where Spark doesn't tell."""
    with suppress(Exception):
        spark.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(_PATIENCE)
    with suppress(Exception):
        mine = [each for each in _stages(spark)
                if each.stageId() not in before and each.status().toString() != "SKIPPED"]
        return sorted((_stage(spark, each) for each in mine[:_MOST]), key=lambda found: found["id"])
    return []


def _stage(spark: Any, stage: Any) -> dict[str, Any]:
    found = {
        "name": stage.name(), "id": stage.stageId(), "tasks": stage.numTasks(), "failed": stage.numFailedTasks(),
        "seconds": stage.executorRunTime() / 1000, "gc": stage.jvmGcTime() / 1000, "read": stage.shuffleReadBytes(),
        "written": stage.shuffleWriteBytes(), "spilled": stage.diskBytesSpilled(),
    }  # fmt: skip
    return found | _tasks(spark, stage)


def _tasks(spark: Any, stage: Any) -> dict[str, float]:
    """The seconds of its tasks, of those that are over."""
    with suppress(Exception):
        quantiles = spark.sparkContext._gateway.new_array(spark.sparkContext._jvm.double, len(_QUANTILES))
        for at, quantile in enumerate(_QUANTILES.values()):
            quantiles[at] = quantile
        summary = _store(spark).taskSummary(stage.stageId(), stage.attemptId(), quantiles)
        if summary.isDefined():
            times = summary.get().duration()
            return {name: times.apply(at) / 1000 for at, name in enumerate(_QUANTILES)}
    return {}


def _store(spark: Any) -> Any:
    return spark.sparkContext._jsc.sc().statusStore()


def _stages(spark: Any) -> list[Any]:
    """What Spark keeps of its stages, the newest first."""
    store = _store(spark)
    others = [getattr(store, f"stageList$default${number}")() for number in range(2, 6)]
    found = store.stageList(None, *others)
    return [found.apply(at) for at in range(found.size())]
