"""Where a Python worker of Spark puts its own temporary files: on the disks that Spark has for its."""

from __future__ import annotations

import os
from collections.abc import Mapping


def folder(environ: Mapping[str, str] = os.environ) -> str | None:
    """A folder on one of Spark's disks, spread over them by process; None where none can be used.

    Spark names them to each worker (spark.local.dir, on YARN yarn.nodemanager.local-dirs), leaves out disks that have
    failed, and removes the folders with the executor, also where it is killed. A node's /tmp may be small, or memory.
    """
    named = environ.get("SPARK_LOCAL_DIRS", "").split(",")
    usable = [each for each in named if each and os.path.isdir(each) and os.access(each, os.W_OK | os.X_OK)]
    return usable[os.getpid() % len(usable)] if usable else None
