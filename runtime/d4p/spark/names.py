"""Stage names in Spark's UI and event log: the plan's numbers and PEs."""

from __future__ import annotations

from contextlib import contextmanager

from pyspark import SparkContext
from pyspark.traceback_utils import SCCallSiteSync


@contextmanager
def named(sc: SparkContext, name: str):
    """Within this, the Spark stages and jobs that are made are called `name`.

    PySpark names a stage after the line that called it, by a call site that the outermost caller sets: this is that
    caller.
    """
    site = SCCallSiteSync(sc)
    site._call_site = name
    sc.setJobDescription(name)
    with site:
        yield
