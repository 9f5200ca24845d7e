"""How the Javas of tests are started: each lives for seconds, so that what makes one fast in the long run is left out,
and the classes of Spark come as an archive that Java maps into its memory, where this machine has one.

The second compiler of HotSpot, a garbage collector of many threads, and reading the classes take more of a processor
than such a program itself. What is run is the same, and so is what it answers.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

from d4p.hadoop.java import find_java

BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
#: Executors on YARN, and what it has beside them: in cluster mode the program. Their class paths aren't the archive's.
ON_YARN = [word for process in ("executor", "driver", "yarn.am")
           for word in ("--conf", f"spark.{process}.extraJavaOptions={BRIEF}")]  # fmt: skip
#: So many archives are kept, of up to 160 MB each: an environment has one, and one of the older line of Spark.
KEPT = 6
#: In which it is made, or given up.
SECONDS = 120
#: Makes the archive: a little of both kinds of programs, and the end of its Java, which writes it.
_PROGRAM = """
from tests.conftest import session_of

spark = session_of("local[2]", "archive")
numbers = spark.sparkContext.parallelize(range(100), 4)
numbers.map(lambda n: (n % 7, n)).groupByKey().mapValues(sum).collect()
spark.createDataFrame([(n, n / 2) for n in range(100)], ["a", "b"]).groupBy("a").count().collect()
gateway = spark.sparkContext._gateway
spark.stop()
gateway.shutdown()
gateway.proc.stdin.close()
gateway.proc.wait()
"""


def options() -> str:
    """Those of a Java that runs Spark."""
    archive = _archive()
    if archive is None or not archive.exists():
        return BRIEF
    return f"{BRIEF} -XX:SharedArchiveFile={archive} -Xlog:disable"  # where it doesn't fit: in silence, without it


def submitting() -> dict[str, str]:
    """For spark-submit, what it starts before that, and the program where that runs in it: `local` and client mode."""
    return {"SPARK_SUBMIT_OPTS": options(), "SPARK_LAUNCHER_OPTS": BRIEF}


def daemons() -> dict[str, str]:
    """For a master and workers of Spark's own."""
    return {"SPARK_DAEMON_JAVA_OPTS": options(), "SPARK_LAUNCHER_OPTS": BRIEF}


def executors() -> list[str]:
    """For executors that run on Spark's own class path."""
    return ["--conf", f"spark.executor.extraJavaOptions={options()}"]


def inherit() -> None:
    """Have what this process starts from now on start so, but for options that are a user's."""
    mine = [name for name in ("SPARK_SUBMIT_OPTS", "SPARK_LAUNCHER_OPTS")
            if os.environ.get(name, BRIEF).startswith(BRIEF)]
    if mine:
        given = submitting()
        os.environ.update((name, given[name]) for name in mine)


def make_archive() -> None:
    """Make the archive, once for a Spark and a Java; not where another process is at it. Without it all is slower."""
    archive = _archive()
    if archive is None or archive.exists():
        return
    archive.parent.mkdir(parents=True, exist_ok=True)
    with open(archive.with_suffix(".lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        unfinished = archive.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        given = {**os.environ, "SPARK_SUBMIT_OPTS": f"-XX:ArchiveClassesAtExit={unfinished} {BRIEF}"}
        process = subprocess.Popen([sys.executable, "-c", _PROGRAM], cwd=Path(__file__).parents[1], env=given,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            process.wait(timeout=SECONDS)
            if unfinished.exists():
                unfinished.rename(archive)
        except subprocess.TimeoutExpired:  # a machine that has much else to do: half an archive
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its Java, too
            process.wait(timeout=10)
            unfinished.unlink(missing_ok=True)
        for old in sorted(archive.parent.glob("spark-*.jsa"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
    inherit()


@functools.cache
def _archive() -> Path | None:
    """Its place in the user's cache; None where there is no Spark, or no Java for it."""
    spark, java = importlib.util.find_spec("pyspark"), find_java(17).java
    if spark is None or java is None:
        return None
    jars = Path(spark.origin).parent / "jars"
    release = java.home / "release"
    what = f"{jars} {jars.stat().st_mtime_ns} {java.home} {release.stat().st_mtime_ns if release.exists() else java}"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "d4p-tests"
    found = cache / f"spark-{hashlib.sha256(what.encode()).hexdigest()[:16]}.jsa"
    return None if " " in str(found) else found
