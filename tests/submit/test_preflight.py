"""What a look at the executors finds, here on ones that are made up. test_on_executors.py has real ones."""

from __future__ import annotations

import platform
from types import SimpleNamespace

import pytest
from pyspark import SparkConf

from d4p import IterativePE, ReadFiles, ReadLines, Workflow, WorkflowGraph, WriteText
from d4p.engines.spark import preflight
from d4p.engines.spark.preflight import Look, Seen, check
from d4p.engines.spark.threads import KERNELS, VARIABLES, thread_settings
from d4p.errors import Refused

MINE = Seen("n1", ".".join(platform.python_version_tuple()[:2]), platform.machine(), "")


class ReadsItself(ReadFiles):
    """A reader whose files no engine reads for it."""


class Same(IterativePE):
    def _process(self, data):
        return data


def job(*pes):
    """A job whose workflow is a chain."""
    graph = WorkflowGraph()
    for one, other in zip(pes, pes[1:], strict=False):
        graph.connect(one, next(iter(one.outputconnections)), other, next(iter(other.inputconnections)))
    workflow = Workflow("here:graph", "")
    workflow.flat = __import__("d4p.graph.flatten", fromlist=["flatten"]).flatten(graph)
    return SimpleNamespace(workflow=workflow)


def refused(seen=None, error=None):
    def everywhere(look):
        if error:
            raise error
        return seen

    with pytest.raises(Refused) as found:
        check(job(Same(), Same()), everywhere)
    return str(found.value)


def test_all_is_well():
    check(job(Same(), Same()), lambda look: [look(), MINE, MINE._replace(host="n2")])


class Stages:
    """A SparkContext and its tracker, with one stage at work."""

    master = "yarn"

    def __init__(self, active, completed):
        self.stage = SimpleNamespace(numActiveTasks=active, numCompletedTasks=completed)

    def statusTracker(self):
        return SimpleNamespace(getActiveStageIds=lambda: [1], getStageInfo=lambda number: self.stage)


@pytest.mark.parametrize(("active", "completed", "late", "told"), [
    (0, 0, True, True), (1, 0, True, False), (0, 1, True, False), (0, 0, False, False)])  # fmt: skip
def test_that_there_is_no_executor_is_said_after_a_while(active, completed, late, told, monkeypatch, capsys):
    made = []

    class Timer:
        """One whose time is up where the test says so."""

        def __init__(self, after, call, args):
            self.after, self.call, self.begun, self.cancelled = after, lambda: call(*args), False, False
            made.append(self)

        def start(self):
            self.begun = True

        def cancel(self):
            self.cancelled = True

    monkeypatch.setattr(preflight.threading, "Timer", Timer)
    with preflight._patience(Stages(active, completed)):
        (timer,) = made
        assert timer.begun and timer.daemon and timer.after == 15 and not timer.cancelled
        if late:
            timer.call()
    assert timer.cancelled
    said = capsys.readouterr().err
    assert said.startswith("note: no executor yet after 15 seconds: yarn may have no room for one; wait, ") == told
    assert told or not said


def test_another_python_is_named_with_its_host():
    said = refused([MINE, MINE._replace(host="n2", python="3.7"), MINE._replace(host="n3", python="3.7")])
    assert said.startswith("on n2 (and 1 more) the executors' Python is 3.7 and the program's is 3.")


def test_another_processor_matters_to_a_packed_environment(monkeypatch):
    seen = [MINE._replace(machine="s390x")]
    check(job(Same(), Same()), lambda look: seen)
    monkeypatch.setenv("PYSPARK_PYTHON", "./env/bin/python")
    assert "on n1 the processor is s390x, and the environment that was packed is of" in refused(seen)


def test_what_spark_says_before_any_python_runs_is_recognised():
    said = "Python in worker has different version: 3.8 than that in driver: 3.11, PySpark cannot run"
    assert refused(error=RuntimeError(said)).startswith("the executors' Python is 3.8 and the program's is 3.11")
    with pytest.raises(RuntimeError, match="odd"):
        check(job(Same(), Same()), lambda look: (_ for _ in ()).throw(RuntimeError("odd")))


def test_a_file_that_only_the_program_sees(tmp_path):
    book = tmp_path / "book.txt"
    book.write_text("x\n")
    look = Look(job(ReadLines(str(tmp_path)), Same()))
    assert look().problem == ""
    book.unlink()
    assert look().problem.startswith(f"ReadLines0 finds no {book}: the file lies on the program's own machine. Put it")


def test_files_from_afar_that_the_workers_read_themselves_are_opened():
    url = "memory://d4p-preflight/a.bin"
    import fsspec

    with fsspec.open(url, "wb") as file:
        file.write(b"x")
    look = Look(job(ReadsItself(url), Same()))
    assert look().problem == ""
    fsspec.filesystem("memory").rm("/d4p-preflight/a.bin")
    assert "finds no" in look().problem and "which the program has found" in look().problem


def test_a_package_that_a_writer_needs():
    look = Look(job(Same(), WriteText("gs://bucket/out")))
    problem = look().problem
    assert problem.startswith("WriteText1 can't write: gs://bucket/out") and "gcsfs" in problem


def test_libraries_get_the_threads_of_a_task_unless_somebody_says_otherwise(monkeypatch):
    for name in (*VARIABLES, *KERNELS):
        monkeypatch.delenv(name, raising=False)
    conf = SparkConf(loadDefaults=False).set("spark.master", "yarn").set("spark.task.cpus", "2")
    assert dict(thread_settings(conf)) == {f"spark.executorEnv.{name}": "2" for name in VARIABLES}
    conf.set("spark.executorEnv.OMP_NUM_THREADS", "8")
    assert "spark.executorEnv.OMP_NUM_THREADS" not in dict(thread_settings(conf))
    monkeypatch.setenv("MKL_NUM_THREADS", "4")
    assert "spark.executorEnv.MKL_NUM_THREADS" in dict(thread_settings(conf))  # the executors don't see it
    conf.set("spark.master", "local[2]")
    assert "spark.executorEnv.MKL_NUM_THREADS" not in dict(thread_settings(conf))


@pytest.mark.parametrize("name", KERNELS)
def test_libraries_compute_there_as_here(monkeypatch, name):
    for each in KERNELS:
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, "Haswell")
    conf = SparkConf(loadDefaults=False).set("spark.master", "yarn")
    assert {key: value for key, value in thread_settings(conf) if value == "Haswell"} == {
        f"spark.executorEnv.{name}": "Haswell"}
    conf.set(f"spark.executorEnv.{name}", "Zen")
    assert "Haswell" not in dict(thread_settings(conf)).values()
    here = SparkConf(loadDefaults=False).set("spark.master", "local[2]")  # the workers have this environment
    assert "Haswell" not in dict(thread_settings(here)).values()
