"""Before the work starts, one tiny job looks whether the executors can do it, and says in a sentence what is wrong."""

from __future__ import annotations

import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from pyspark import SparkContext

from d4p.engines.spark.driver import in_one_process
from d4p.engines.spark.names import named
from d4p.errors import D4pError, Refused
from d4p.filesystems import Local, default, is_url, locate, use_default
from d4p.graph.core import is_reader
from d4p.hadoop.causes import NODES_PYTHON, cause
from d4p.library.files import ReadFiles
from d4p.library.lines import ReadLines
from d4p.program.job import Job
from d4p.workflow.workflow import Workflow

#: Seconds after which it is said that there is no executor.
_PATIENCE = 15.0


class Seen(NamedTuple):
    """What a look found on one executor; `problem` is a sentence, or empty where all is well."""

    host: str
    python: str
    machine: str
    problem: str


#: Calls a function on the executors, on each at least once where that can be had, and gives what it returned.
RunEverywhere = Callable[[Callable[[], Seen]], list[Seen]]


def preflight(sc: SparkContext, job: Job) -> None:
    """Look on the executors of a SparkContext; nothing to do where they are this very process.

    Raises Refused for the first thing that is wrong.
    """
    if in_one_process(sc.master):
        return
    with named(sc, "preflight"), _patience(sc):
        check(job, lambda look: _everywhere(sc, look))


@contextmanager
def _patience(sc: SparkContext) -> Iterator[None]:
    """Where no executor has begun with the job after a while, say so, once: Spark waits for ever without a word."""
    timer = threading.Timer(_PATIENCE, _say_if_idle, (sc,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _say_if_idle(sc: SparkContext) -> None:
    try:
        tracker = sc.statusTracker()
        stages = [tracker.getStageInfo(number) for number in tracker.getActiveStageIds()]
    except Exception:  # it may just have been stopped; this is but a note
        return
    if any(stage and (stage.numActiveTasks or stage.numCompletedTasks) for stage in stages):
        return
    queue = ", name another --queue" if sc.master == "yarn" else ""
    print(f"note: no executor yet after {_PATIENCE:.0f} seconds: {sc.master} may have no room for one; wait, ask for "
          f"less (--executor-memory, --executor-cores){queue}, or look at the cluster's own pages",
          file=sys.stderr, flush=True)  # fmt: skip


def check(job: Job, run_everywhere: RunEverywhere) -> None:
    """The same for any way to run something on the executors. Raises Refused."""
    try:
        seen = run_everywhere(Look(job))
    except Exception as error:
        sentence = cause(str(error))
        if sentence is None:
            raise
        raise Refused(sentence) from None
    problems = [(report.host, problem) for report in seen for problem in _problems(report)]
    if problems:
        host, problem = problems[0]
        others = {other for other, _ in problems} - {host}
        more = f" (and {len(others)} more)" if others else ""
        raise Refused(f"on {host}{more} {problem}")


class Look:
    """What is run on an executor: does the workflow load and make the same graph, can its inputs be read?"""

    def __init__(self, job: Job) -> None:
        self.workflow: Workflow = job.workflow
        self.default_fs = default()
        self.inputs = [found for pe in job.workflow.pes.values() if is_reader(pe) for found in _first_file(pe)]
        self.outputs = [(pe.id, url) for pe in job.workflow.pes.values() if hasattr(pe, "begin_output")
                        for url in _from_afar(pe.path)]  # fmt: skip

    def __call__(self) -> Seen:
        use_default(*self.default_fs)
        return Seen(platform.node(), _python(), platform.machine(), self._problem())

    def _problem(self) -> str:
        try:
            self.workflow.make()
        except D4pError as error:
            return cause(str(error)) or str(error)
        for pe, name in self.inputs:
            try:
                fs, place = locate(name)
                with fs.open(place, "rb") as file:
                    file.read(1)
            except FileNotFoundError:
                return _not_there(pe, name)
            except Exception as error:
                return f"{pe} can't read {name}: {getattr(error, 'strerror', None) or error}"
        for pe, path in self.outputs:
            try:
                locate(path)
            except Refused as error:
                return f"{pe} can't write: {error}"
        return ""


def _first_file(reader: Any) -> Iterator[tuple[str, str]]:
    """The id of a reader and its first file, as a URL, unless Spark itself will read it from afar."""
    files = reader.files() if hasattr(reader, "files") else []
    if files:
        fs, _ = locate(files[0].source)
        if isinstance(fs, Local):
            yield reader.id, f"file://{os.path.abspath(files[0].name)}"
        elif type(reader) not in (ReadFiles, ReadLines):
            yield reader.id, fs.unstrip_protocol(files[0].name)


def _from_afar(path: Any) -> Iterator[str]:
    """The URL of a path, unless it is of this machine."""
    if is_url(str(path)):
        yield str(path)
        return
    fs, name = locate(path)
    if not isinstance(fs, Local):
        yield fs.unstrip_protocol(name)


def _not_there(pe: str, name: str) -> str:
    if not name.startswith("file://"):
        return f"{pe} finds no {name}, which the program has found"
    path = name.removeprefix("file://")
    return (f"{pe} finds no {path}: the file lies on the program's own machine. Put it where every node can read it: "
            f"hdfs dfs -put {path}, and give its hdfs:// URL")


def _problems(seen: Seen) -> Iterator[str]:
    if seen.python != _python():
        yield (f"the executors' Python is {seen.python} and the program's is {_python()}, and they must be the same: "
               f"{NODES_PYTHON}")
    if seen.machine != platform.machine() and os.environ.get("PYSPARK_PYTHON", "").startswith("./"):
        yield (f"the processor is {seen.machine}, and the environment that was packed is of {platform.machine()}: "
               "submit from such a machine, or give --env path --python PYTHON for the one that the nodes have")
    if seen.problem:
        yield seen.problem


def _python() -> str:
    return ".".join(map(str, sys.version_info[:2]))


def _everywhere(sc: SparkContext, look: Callable[[], Seen]) -> list[Seen]:
    """In as many tasks as run side by side: Spark deals them out to all executors that are there."""
    tasks = max(sc.defaultParallelism, 2)
    return list(set(sc.parallelize(range(tasks), tasks).map(lambda _: look()).collect()))
