"""What all tests share: the data folder, a check of the installation, one Spark session a worker, one Hadoop a run,
packages that are compiled, and the order in which files are begun."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import d4p
import d4p_compile
from d4p_compile.targets.mpi_here import NO_NETWORK, TIME_TO_SAY
from tests import jvm
from tests.bytecode import compile_packages

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("D4P_TEST_DATA", ROOT.parent / "shared" / "data"))
#: Its cases share nothing but the sequential answer, which is the same for each target of a case.
POINTS = "tests/chaos/test_points.py"
#: What takes longest alone, the longest first: begun first, so that no worker is left with one of them at the end.
LONGEST = (f"{POINTS}::test_killed_at_each_of_n_points[xcorr", POINTS, "hadoop", "tests/equivalence/test_semantics.py",
           "tests/submit/test_on_executors.py", "tests/chaos/test_executors.py",
           "tests/equivalence/test_random_graphs.py",
           "tests/equivalence/test_outputs.py", "tests/submit/test_standalone.py", "tests/unit/test_commit_deaths.py",
           "tests/equivalence/test_spark_35.py", "tests/equivalence/test_compat_workflows.py",
           "tests/equivalence/test_examples.py", "tests/equivalence/test_failures.py",
           "tests/equivalence/test_pairs.py", "tests/unit/test_misfit_example.py")  # fmt: skip

if Path(d4p.__file__).parents[2] != Path(d4p_compile.__file__).parents[1]:
    raise AssertionError(
        f"d4p comes from {d4p.__file__} and d4p_compile from {d4p_compile.__file__}: install with `pip install -e .`"
    )

os.environ["D4P_RUNS"] = tempfile.mkdtemp(prefix="d4p-test-runs-")  # and not among the user's own
for name, value in {**NO_NETWORK, **TIME_TO_SAY}.items():  # a network test_batch.py has, and what looks for one
    os.environ.setdefault(name, value)
jvm.inherit()
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # begun by nohup, whose children would hear of no terminal's end
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        compile_packages()


def pytest_runtest_setup(item):
    jvm.inherit()  # the archive of classes may be there by now, made by another worker


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """For pytest-xdist (`-n 2`): the tests of a file stay together, so that they share a Spark session, and so do all
    that share one Hadoop; those of one workflow that is killed, where there are many. The longest are begun first, then
    those of the most tests."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            if file == POINTS:
                return nodeid.rpartition("-")[0]
            return "hadoop" if file.startswith("tests/cluster/") or "on_yarn" in file else file

        def _assign_work_unit(self, node) -> None:
            waiting = (scope for start in LONGEST for scope in self.workqueue if scope.startswith(start))
            if longest := next(waiting, None):
                self.workqueue.move_to_end(longest, last=False)
            super()._assign_work_unit(node)

    return Scheduling(config, log)


#: The session that is up in this process, and what it was asked to be: there can be one at a time.
_sessions: dict[tuple, Any] = {}


def start_session(master: str, name: str, **settings: str):
    """`session_of`, on a Java that starts soon; the one that is up where that is the same, else in its place."""
    asked = (master, name, *sorted(settings.items()))
    if asked not in _sessions:
        stop_session()
        jvm.make_archive()
        _sessions[asked] = session_of(master, name, **settings)
    return _sessions[asked]


def stop_session() -> None:
    """Stop the session that is up, if one is."""
    while _sessions:
        _sessions.popitem()[1].stop()


def session_of(master: str, name: str, **settings: str):
    """A Spark session on the Java that fits it; the environment is as it was, once Java has started."""
    import pyspark
    from pyspark.sql import SparkSession

    from d4p.hadoop.java import prepare

    with mock.patch.dict(os.environ, PYSPARK_PYTHON=sys.executable):
        prepare(os.environ, pyspark.__version__, quiet=True)
        builder = (
            SparkSession.builder.master(master).appName(name).config("spark.ui.enabled", "false")
            .config("spark.log.level", "OFF").config("spark.ui.showConsoleProgress", "false")
        )
        for key, value in settings.items():
            builder = builder.config(key, value)
        return builder.getOrCreate()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real seismograms, which is not part of the repository."""
    if not DATA.is_dir():
        reason = f"there is no folder {DATA}: set D4P_TEST_DATA"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return DATA


@pytest.fixture(scope="session")
def _no_session_is_left():
    yield
    stop_session()


def _settings(session) -> dict[str, str]:
    """What its `conf.getAll` says, which pyspark 3.5 lacks."""
    return {row.key: row.value for row in session.sql("SET").collect()}


@pytest.fixture(scope="module")
def spark_session(_no_session_is_left):
    """A local Spark session that programs of all test modules share, whose settings are as they were after each."""
    session = start_session("local[2]", "tests", **{"spark.python.worker.reuse": "true"})
    before = _settings(session)
    yield session
    after = _settings(session)
    for name in after.keys() - before.keys():
        session.conf.unset(name)
    for name in before:
        if after.get(name) != before[name]:
            session.conf.set(name, before[name])


@pytest.fixture(scope="session")
def hadoop():
    """A real HDFS and YARN: `tests.cluster.servers.Hadoop`, started once for all tests, ended with them.

    With D4P_TEST_HADOOP, the folder of one that `python -m tests.cluster up --folder` started, that one."""
    from tests.cluster import servers
    from tests.cluster.jars import Missing

    if given := os.environ.get("D4P_TEST_HADOOP"):
        yield servers.find(Path(given))
        return
    try:
        found = servers.start(Path(tempfile.gettempdir(), f"d4p-hadoop-of-{os.getpid()}"), parent=os.getpid())
    except Missing as missing:
        pytest.fail(str(missing)) if os.environ.get("CI") else pytest.skip(str(missing))
    yield found
    found.stop()
