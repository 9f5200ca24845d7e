"""How many threads the libraries on an executor may start: as many as a task has cores, or they fight over them. And
what the user has said of how they compute."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pyspark import SparkConf

from d4p.host.threads import KERNELS, VARIABLES


def thread_settings(given: SparkConf) -> Iterator[tuple[str, str]]:
    """The settings to add: spark.executorEnv.* for each variable that nobody has set, and for those by which libraries
    compute as this program has them.

    In local mode the workers have this program's environment, so what is set there counts too.
    """
    master = given.get("spark.master", "local[*]")
    here = master.startswith("local") and not master.startswith("local-cluster")
    cores = given.get("spark.task.cpus", "1")
    for name in VARIABLES:
        key = f"spark.executorEnv.{name}"
        if given.get(key) is None and not (here and name in os.environ):
            yield key, cores
    for name in KERNELS:
        key = f"spark.executorEnv.{name}"
        if given.get(key) is None and not here and name in os.environ:
            yield key, os.environ[name]
