"""A Spark session for one program: its Java, its settings, and an end that leaves nothing behind."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pyspark
from pyspark import SparkConf, SparkContext, java_gateway
from pyspark.sql import SparkSession

from d4p.describe.ended import how
from d4p.engines.spark.driver import failure
from d4p.engines.spark.threads import thread_settings
from d4p.errors import D4pError, Refused, WorkerLost
from d4p.hadoop.java import prepare
from d4p.host.signals import BEFORE
from d4p.program.saying import say

#: Seconds within which a Java that doesn't answer is gone, if that is why.
_DYING = 0.5
_MASTER = re.compile(r"(?:--master[ =]|spark\.master=)['\"]?([^\s'\"]+)")
_DEFAULT = re.compile(r"\s*spark\.master[\s=:]+(\S+)")
#: What a program asks for where neither spark-submit nor spark-defaults.conf says otherwise.
_DEFAULTS = {"spark.master": "local[*]", "spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}


_on_cluster = False


def tells_missing() -> bool:
    """Whether the program was submitted in client mode, if at all: a cluster may start its own anew after any status
    but 0."""
    return not _on_cluster


@contextmanager
def session(name: str) -> Iterator[SparkSession]:
    """The session at hand, left as it is; or a new one, which is stopped at the end together with its Java."""
    if remote := os.environ.get("SPARK_REMOTE"):
        raise Refused(f"SPARK_REMOTE is {remote}, and Spark Connect has no RDDs: compile for spark-df, or unset "
                      "SPARK_REMOTE")
    active = SparkSession.getActiveSession()
    if active is not None:
        yield active
        return
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # spark-submit has started its Java already
        _keep_to_this_machine(os.environ)
        say(f"Spark {pyspark.__version__} on {prepare(os.environ, pyspark.__version__, quiet=True)}")
    warnings.filterwarnings("ignore", "Failed to add file", RuntimeWarning)  # a node has them under other names
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)  # which isn't used
    started: list[subprocess.Popen] = []
    spark = None
    try:
        BEFORE.append(_quietly)
        logging.getLogger().addFilter(_is_not_py4js)
        with _noting(started):
            SparkContext._ensure_initialized()
        with _keeping_handlers():
            spark = _new(name)
        global _on_cluster
        _on_cluster = spark.sparkContext.getConf().get("spark.submit.deployMode") == "cluster"
        _announce(spark.sparkContext)
        yield spark
    except Exception as error:
        if (lost := _lost(started, error)) is not None:
            raise lost from None
        raise
    finally:
        if spark is not None:
            with suppress(Exception):  # Java may be gone
                spark.stop()
        for java in started:
            java.kill()  # before its session is up it would not notice that this program is gone
            java.wait()


def _lost(started: list[subprocess.Popen], error: Exception) -> WorkerLost | None:
    """What to say where the failure is that Spark's Java has died."""
    if isinstance(error, D4pError) and not isinstance(error, WorkerLost):
        return None  # a PE's own
    for java in started:
        with suppress(subprocess.TimeoutExpired):
            return WorkerLost(f"Spark's Java (process {java.pid}), which all of the run goes through, "
                              f"{how(java.wait(_DYING))}")
    return None


def _keep_to_this_machine(environ: MutableMapping[str, str]) -> None:
    """Java's temporary files are the run's; and where no cluster is asked for, Spark listens to this machine alone."""
    if scratch := environ.get("D4P_SCRATCH"):
        os.makedirs(scratch, exist_ok=True)
        environ["SPARK_SUBMIT_OPTS"] = f'{environ.get("SPARK_SUBMIT_OPTS", "")} "-Djava.io.tmpdir={scratch}"'.strip()
    if _master(environ).startswith("local"):
        environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


def _master(environ: Mapping[str, str]) -> str:
    """The master that Spark will take, which isn't asked yet."""
    if named := _MASTER.search(environ.get("PYSPARK_SUBMIT_ARGS", "")):
        return named[1]
    if named := environ.get("MASTER"):
        return named
    home = environ.get("SPARK_HOME") or os.path.dirname(pyspark.__file__)
    conf = environ.get("SPARK_CONF_DIR") or os.path.join(home, "conf")
    found = [_DEFAULTS["spark.master"]]
    with suppress(OSError), open(os.path.join(conf, "spark-defaults.conf")) as file:
        found += [line[1] for line in map(_DEFAULT.match, file) if line]
    return found[-1]


def _is_not_py4js(record: logging.LogRecord) -> bool:
    """Py4J logs as an error, with all its calls, that a Java is gone, which is said in a line; and that it can't tell
    that Java which objects nobody needs any more."""
    return "/py4j/" not in record.pathname.replace(os.sep, "/")


def _announce(sc: SparkContext) -> None:
    """On a cluster, say what the application is called there and where it can be watched; d4p submit does where the
    program itself runs on a node."""
    if not str(sc.master).startswith("local") and sc.getConf().get("spark.submit.deployMode") != "cluster":
        say(f"application: {sc.applicationId}" + (f", {sc.uiWebUrl}" if sc.uiWebUrl else ""))


def _new(name: str) -> SparkSession:
    """A new session. Raises RunFailed with the cause where Spark can't make one.

    On YARN the web pages of Spark 4.3 are changed from two threads when it starts, which fails now and then
    (ConcurrentModificationException): the next try is as good as any.
    """
    for tries_left in (2, 1, 0):
        try:
            return _builder(name).getOrCreate()
        except Exception as error:
            if not tries_left or "java.util.ConcurrentModificationException" not in str(error):
                raise failure(error) from None
    raise AssertionError


def _builder(name: str) -> Any:
    given, builder = SparkConf(), SparkSession.builder
    for key, value in {"spark.app.name": name, **_DEFAULTS, **dict(thread_settings(given))}.items():
        if given.get(key) is None:
            builder = builder.config(key, value)
    return builder


@contextmanager
def _noting(started: list[subprocess.Popen]) -> Iterator[None]:
    """Note the process that PySpark starts for Java, from its first moment."""
    gateway: Any = java_gateway
    before = gateway.Popen

    def noted(*arguments: Any, **settings: Any) -> subprocess.Popen:
        started.append(before(*arguments, **settings))
        return started[-1]

    gateway.Popen = noted
    try:
        yield
    finally:
        gateway.Popen = before


@contextmanager
def _keeping_handlers() -> Iterator[None]:
    """SparkContext puts a handler for SIGINT of its own, which prints tracebacks: not in here."""
    module: Any = sys.modules[SparkContext.__module__]
    module.signal = SimpleNamespace(signal=lambda *arguments: None, SIGINT=signal.SIGINT)
    try:
        yield
    finally:
        module.signal = signal


def _quietly() -> None:
    """What Py4J and PySpark say of an end that was asked for is nothing new."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
