"""What Spark's own figures tell: stages that spill, tasks that are too small."""

from __future__ import annotations

from collections.abc import Iterator

from ..folder import Run
from ..shares import Shares
from ..sizes import size
from .found import SHORT, Verdict, command

#: Bytes that a stage spilled, to be worth a word.
SPILLED = 64 << 20
#: Tasks of a stage for each of those at once, and the seconds of the middle one: to start one takes a tenth.
TASKS, SHORT_TASK = 8, 0.1


def spilled(run: Run, shares: Shares) -> Iterator[Verdict]:
    """A stage of Spark whose memory didn't hold what it sorts."""
    most = max(shares.spark, key=lambda each: each.get("spilled", 0), default={})
    if most.get("spilled", 0) >= SPILLED:
        yield Verdict(
            "spilled", f"Spark's {most['name']} spilled {size(most['spilled'])} to disk: its memory doesn't hold what "
            "it sorts", None,
            (f"smaller partitions: {command(run, f'-n {2 * shares.width}')}",
             "more memory: --conf spark.executor.memory=4g (spark.driver.memory where Spark is one process)"))


def small_tasks(run: Run, shares: Shares) -> Iterator[Verdict]:
    """A stage of Spark of many tasks that take no time."""
    if shares.working < SHORT:
        return
    for each in shares.spark:
        if each["tasks"] >= TASKS * shares.width and each.get("median", SHORT_TASK) < SHORT_TASK:
            yield Verdict(
                "small_tasks", f"Spark's {each['name']} has {each['tasks']:,} tasks, the middle one of "
                f"{each['median']:.2f} s: starting them takes longer than they do", None,
                (f"fewer: {command(run, f'-n {shares.width}')}",))  # fmt: skip
            return
