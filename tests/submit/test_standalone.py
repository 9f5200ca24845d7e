"""Submitted to a cluster of Spark's own: a master and two workers, which have two addresses of this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyspark
import pytest

import d4p_compile
from d4p.hadoop.java import prepare
from tests import jvm

from .running import WORDCOUNT, WORKFLOWS, environment, submit

pytestmark = pytest.mark.spark
SPARK_HOME = Path(pyspark.__file__).parent
DAEMON = "org.apache.spark.deploy"


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    """The address of a master with two workers of one core each."""
    folder = tmp_path_factory.mktemp("standalone")
    env = environment(SPARK_HOME=str(SPARK_HOME), SPARK_DAEMON_MEMORY="256m", SPARK_NO_DAEMONIZE="1", **jvm.daemons())
    prepare(env, pyspark.__version__, quiet=True)
    started = []

    def start(name, *words):
        log = folder / f"{name}.log"
        with open(log, "w") as out:
            started.append(subprocess.Popen([SPARK_HOME / "bin" / "spark-class", *words], cwd=folder, env=env,
                                            stdout=out, stderr=subprocess.STDOUT))  # fmt: skip
        return log

    try:
        log = start("master", f"{DAEMON}.master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        address = said(log, r"Starting Spark master at (spark://\S+)")
        for host in ("127.0.0.1", "127.0.0.2"):
            log = start(host, f"{DAEMON}.worker.Worker", "--host", host, "--webui-port", "0", "--cores", "1",
                        "--memory", "1g", "--work-dir", folder / host, address)  # fmt: skip
            said(log, "Successfully registered with master")
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(timeout=30)


def said(log: Path, pattern: str) -> str:
    """What a daemon says, once it has said it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = re.search(pattern, log.read_text())
        if found:
            return found[1] if found.groups() else found[0]
        time.sleep(0.1)
    raise AssertionError(f"{log.stem} doesn't say {pattern}: {log.read_text()[-2000:]}")


def on_cluster(master, *words, cwd):
    small = ["--profile", "standalone", "--master", master, "--executor-memory", "512m", "--driver-memory", "512m",
             "--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1", *jvm.executors()]  # fmt: skip
    done = submit(*words, *small, "--env", "path", "--python", sys.executable, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def items(output: Path) -> Counter:
    """The items of the one result of an output that is whole, and nothing beside them."""
    assert (output / "_SUCCESS").exists()
    (folder,) = [path for path in output.iterdir() if path.is_dir()]
    names = [path.name for path in folder.iterdir() if not path.name.startswith((".", "_"))]
    assert names and all(name.startswith("part-") for name in names), names
    return Counter(line for name in names for line in (folder / name).read_text().splitlines())


@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_the_word_count(master, target, tmp_path):
    out = on_cluster(master, WORDCOUNT, "-t", target, "--output", tmp_path / "out", cwd=tmp_path)
    assert re.search(r"^application: app-\d+-\d+", out, re.MULTILINE)
    ((_, expected),) = d4p_compile.run(WORDCOUNT).items()
    assert items(tmp_path / "out") == Counter(json.dumps(item) for item in expected)


@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_of_a_task_and_its_copy_one_is_committed(master, target, tmp_path):
    """Spark starts a second copy of a slow task on another worker, and both write."""
    notes = tmp_path / "notes"
    notes.mkdir()
    workflow = f"{WORKFLOWS / 'speculative.py'}:make"
    eager = {"spark.speculation": "true", "spark.speculation.interval": "100ms", "spark.speculation.quantile": "0.5",
             "spark.speculation.multiplier": "1.1", "spark.speculation.minTaskRuntime": "100ms"}  # fmt: skip
    start = time.monotonic()
    on_cluster(master, workflow, "-t", target, "-p", f"notes={notes}", "-p", f"target={target}", "--output",
               tmp_path / "out", *(word for pair in eager.items() for word in ("--conf", "=".join(pair))),
               cwd=tmp_path)  # fmt: skip
    assert time.monotonic() - start < 280  # nobody waited for the first attempt
    assert {"3-0", "3-1"} <= set(os.listdir(notes)), os.listdir(notes)
    assert items(tmp_path / "out") == Counter(json.dumps({"n": n, "square": n * n}) for n in range(400))
