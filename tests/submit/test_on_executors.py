"""Submitted to executors in processes of their own: what they lack is said before the work, what ends them after."""

from __future__ import annotations

import sys
import venv

import pytest

from tests import jvm

from .running import WORKFLOWS, another_python, submit

pytestmark = pytest.mark.spark
FAULTS = WORKFLOWS / "faults.py"


def small() -> list[str]:
    """One executor, with one core."""
    return ["--profile", "local-cluster", "--master", "local-cluster[1,1,1024]", "--conf", "spark.ui.enabled=false",
            *jvm.executors()]  # fmt: skip


def test_another_python_is_refused_before_the_work(tmp_path):
    program, version = another_python(tmp_path)
    done = submit(f"{FAULTS}:divides", *small(), "--env", "path", "--python", program, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    mine = ".".join(map(str, sys.version_info[:2]))
    assert "refused: the executors' Python" in done.stdout
    assert f" is {version} and the program's is {mine}, and the first two numbers must be the same" in done.stdout


def test_a_python_that_is_not_there(tmp_path):
    done = submit(f"{FAULTS}:divides", *small(), "--env", "path", "--python", "/no/bin/python3", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "refused: the executors' Python can't be run" in done.stdout
    assert "there is no program /no/bin/python3" in done.stdout and "\tat " not in done.stdout


def test_a_module_that_the_executors_lack(tmp_path):
    venv.create(tmp_path / "bare", symlinks=True)
    python = tmp_path / "bare" / "bin" / "python"
    words = ["-p", "module=networkx", *small(), "--env", "path", "--python", python]
    done = submit(f"{FAULTS}:needs", *words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "the executors' Python has no module networkx: install it there, or --env pack" in done.stdout


def test_a_pe_that_may_have_no_more_memory(tmp_path):
    done = submit(f"{FAULTS}:eats", *small(), "--conf", "spark.executor.pyspark.memory=600m", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    said = done.stdout.partition("failed: ")[2]
    assert said.startswith("Eats (Eats), instance 0, item ") and "MemoryError" in said.splitlines()[0]
    assert "--conf spark.executor.pyspark.memory=4g allows more where" in said and "\tat " not in said


def test_a_worker_that_is_killed(tmp_path):
    done = submit(f"{FAULTS}:kills_worker", *small(), cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed: a Python worker died on " in done.stdout and "spark.executor.memoryOverhead" in done.stdout


def test_executors_that_are_killed_more_often_than_spark_tries_and_javas_own_words_on_request(tmp_path):
    done = submit(f"{FAULTS}:kills_executor", *small(), "--java-stack", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    first, _, java = done.stdout.partition("failed: ")[2].partition("All that Spark said:")
    assert "spark.executor.memoryOverhead" in first and len(first.strip().splitlines()) == 1
    assert "\tat org.apache.spark" in java


@pytest.mark.parametrize("profile", ["local", "local-cluster"])
def test_libraries_on_executors_get_one_thread_a_core(tmp_path, profile):
    options = small() if profile == "local-cluster" else ["--profile", "local", "--conf", "spark.ui.enabled=false"]
    done = submit(f"{FAULTS}:threads", *options, "--conf", "spark.executorEnv.MKL_NUM_THREADS=3", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(['1', '1', '3', '1'], '1')" in done.stdout
