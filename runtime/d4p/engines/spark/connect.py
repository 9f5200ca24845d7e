"""The two ways to a Spark: a driver with Spark's Java beside it, or Spark Connect, where Spark is a server."""

from __future__ import annotations

import os
import pickle
import re
import socket
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from d4p.engines.spark import broadcast
from d4p.engines.spark.driver import executors, in_one_process
from d4p.engines.spark.preflight import Seen, check, preflight
from d4p.engines.spark.ship import archives
from d4p.errors import Refused
from d4p.program.job import Job
from d4p.program.saying import say


def session(name: str) -> AbstractContextManager[Any]:
    """The session of the server that SPARK_REMOTE names (`sc://host:port`), or one that has Spark in it."""
    if remote := os.environ.get("SPARK_REMOTE"):
        return _remote(remote, name)
    from d4p.engines.spark.session import session as in_here

    return in_here(name)


@contextmanager
def _remote(url: str, name: str) -> Iterator[Any]:
    _reach(url)
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)  # which isn't used
    try:
        spark = SparkSession.builder.remote(url).appName(name).getOrCreate()
        version = spark.version
    except ImportError as error:
        raise Refused(f"SPARK_REMOTE is {url}, and the client of Spark Connect lacks a package: {error}. "
                      "pip install 'pyspark[connect]'") from None  # fmt: skip
    except Exception as error:
        raise Refused(f"SPARK_REMOTE is {url}, where no Spark Connect server answers: {_first_line(error)}") from None
    say(f"Spark {version} by Spark Connect, {url}")
    try:
        yield spark
    finally:
        spark.stop()


def _reach(url: str) -> None:
    """Raise Refused where nobody listens: the client would try again for minutes."""
    found = re.match(r"sc://([^:/;]+)(?::(\d+))?", url)
    if found is None:
        raise Refused(f"SPARK_REMOTE must be the address of a Spark Connect server, sc://host:port; it is {url}")
    try:
        socket.create_connection((found[1], int(found[2] or 15002)), timeout=10).close()
    except OSError as error:
        said = error.strerror or error
        raise Refused(f"SPARK_REMOTE is {url}, where no Spark Connect server answers: {said}") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def is_remote(spark: Any) -> bool:
    """Whether a session is one of Spark Connect, which has neither Java nor a SparkContext here."""
    return type(spark).__module__.startswith("pyspark.sql.connect")


def width(spark: Any) -> int:
    """How many tasks run side by side: Spark's default parallelism."""
    if not is_remote(spark):
        return spark.sparkContext.defaultParallelism
    numbers = spark.range(1 << 20).select(F.spark_partition_id().alias("partition")).distinct()
    return numbers.count()  # a range has that many partitions, where nobody asks for another count


def most_executors(spark: Any, cores: int) -> int | None:
    """How many executors there may be, if that is known. A server of Spark Connect doesn't tell; each has a core."""
    if is_remote(spark):
        return broadcast.most_executors(spark.conf.get, False, lambda: cores)
    sc = spark.sparkContext
    return broadcast.most_executors(spark.conf.get, in_one_process(sc.master), lambda: executors(sc))


def ship(spark: Any, bundle: Path) -> None:
    """Give the executors the zips that lie beside the script."""
    if is_remote(spark):
        for archive in archives(bundle, spark.session_id):
            spark.addArtifacts(str(archive), pyfile=True)
    else:
        for archive in archives(bundle, spark.sparkContext.applicationId):
            spark.sparkContext.addPyFile(str(archive))


def look_first(spark: Any, job: Job) -> None:
    """Look whether the executors can do the work, before it starts. Raises Refused."""
    if is_remote(spark):
        check(job, lambda look: _everywhere(spark, look))
    else:
        preflight(spark.sparkContext, job)


def _everywhere(spark: Any, look: Callable[[], Seen]) -> list[Seen]:
    """In as many tasks as run side by side."""

    def seen(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow

        for _ in batches:
            yield pyarrow.RecordBatch.from_pydict({"seen": [pickle.dumps(look())]})

    tasks = width(spark)
    rows = spark.range(0, tasks, 1, tasks).mapInArrow(seen, "seen binary").collect()
    return list({pickle.loads(row.seen) for row in rows})
