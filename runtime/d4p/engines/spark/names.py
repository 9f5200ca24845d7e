"""Stage names in Spark's UI and event log: the plan's numbers and PEs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from pyspark import SparkContext
from pyspark.traceback_utils import SCCallSiteSync


@contextmanager
def named(sc: SparkContext, name: str) -> Iterator[None]:
    """Within this, the shuffles and actions that are called make Spark stages called `name`.

    A shuffle's map stage is named here, so a shuffle is called under the name of the stage that writes it.
    """
    keys = ("callSite.short", "callSite.long")
    before = {key: sc.getLocalProperty(key) for key in keys}
    for key in keys:
        sc.setLocalProperty(key, name)
    SCCallSiteSync._spark_stack_depth += 1  # PySpark puts its own file and line there at depth 0 only
    try:
        yield
    finally:
        SCCallSiteSync._spark_stack_depth -= 1
        for key, text in before.items():
            sc.setLocalProperty(key, cast(str, text))  # None, too: there was none
