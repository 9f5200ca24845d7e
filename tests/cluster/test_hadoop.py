"""The test cluster itself: it comes up, runs a job of Spark's, and is gone when it should be."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pyspark
import pytest

from tests import jvm
from tests.cluster import jars
from tests.conftest import ROOT

pytestmark = pytest.mark.cluster

SPARK_HOME = Path(pyspark.__file__).parent
JOB = """
import sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
lines = spark.sparkContext.parallelize(range(100), 4).map(lambda n: (n % 3, n)).reduceByKey(lambda a, b: a + b)
lines.map(lambda pair: "%d %d" % pair).saveAsTextFile(sys.argv[1])
spark.stop()
"""


def cluster(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "tests.cluster", *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=300)


def ends(pid: int, seconds: float) -> bool:
    """Whether a process is gone within some time."""
    until = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("mode", ["client", "cluster"])
def test_spark_runs_a_job_on_yarn(hadoop, tmp_path, mode):
    job, folder = tmp_path / "job.py", f"/tmp/spark-{mode}-{uuid.uuid4().hex}"
    job.write_text(JOB)
    command = [
        SPARK_HOME / "bin" / "spark-submit", "--master", "yarn", "--deploy-mode", mode, "--num-executors", "1",
        "--driver-memory", "512m", "--executor-memory", "512m", "--conf", f"spark.yarn.jars=local:{SPARK_HOME}/jars/*",
        "--conf", "spark.yarn.maxAppAttempts=1", "--conf", f"spark.pyspark.python={sys.executable}",
        "--conf", "spark.ui.enabled=false", *jvm.ON_YARN, job, folder,
    ]
    done = subprocess.run(command, env=hadoop.env(SPARK_HOME=str(SPARK_HOME)), capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]

    from hdfs import InsecureClient

    client = InsecureClient(hadoop.webhdfs_url.replace("webhdfs", "http"))
    names = client.list(folder)
    assert "_SUCCESS" in names
    text = b""
    for name in names:
        with client.read(f"{folder}/{name}") as file:
            text += file.read()
    assert sorted(text.decode().splitlines()) == ["0 1683", "1 1617", "2 1650"]


def test_the_log_of_a_container_can_be_read_when_the_application_is_over(hadoop):
    env = hadoop.env(PATH=f"{hadoop.bin}:{os.environ['PATH']}")
    finished = output("yarn application -list -appStates FINISHED", env)
    applications = [word for word in finished.split() if word.startswith("application_")]
    assert applications, "the tests above have run some"
    assert "LogType:stderr" in output(f"yarn logs -applicationId {applications[-1]}", env)


def output(command: str, env: dict[str, str]) -> str:
    return subprocess.run(command.split(), env=env, stdout=subprocess.PIPE, text=True, check=True, timeout=300).stdout


def test_one_command_up_and_one_down(tmp_path):
    folder = tmp_path / "hadoop"
    try:
        up = cluster("up", "--folder", str(folder), "--quiet")
        assert up.stdout == f"{folder}/conf\n", up.stderr
        assert {path.name for path in (folder / "conf").iterdir()} == {"core-site.xml", "hdfs-site.xml",
                                                                       "yarn-site.xml"}
        again = cluster("up", "--folder", str(folder))
        assert again.stdout.startswith(f"export HADOOP_CONF_DIR={folder}/conf YARN_CONF_DIR={folder}/conf PATH=")
        pid = int(re.search(r"process (\d+)$", again.stdout, re.M)[1])
        assert "# the commands hdfs and yarn are in " in again.stdout
        assert cluster("status", "--folder", str(folder)).stdout == again.stdout
    finally:
        down = cluster("down", "--folder", str(folder))
    assert down.returncode == 0
    assert not folder.exists()
    assert ends(pid, 5)
    gone = cluster("status", "--folder", str(folder))
    assert (gone.returncode, gone.stdout) == (1, "")
    assert gone.stderr == f"no Hadoop has been started in {folder}: python -m tests.cluster up\n"


def test_it_goes_with_the_tests_that_started_it_even_when_they_are_killed(tmp_path):
    folder = tmp_path / "hadoop"
    program = ("import os, pathlib, sys, time; from tests.cluster.servers import start\n"
               "print(start(pathlib.Path(sys.argv[1]), parent=os.getpid()).pid, flush=True); time.sleep(600)")
    tests = subprocess.Popen([sys.executable, "-c", program, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        pid = int(tests.stdout.readline())
    finally:
        os.kill(tests.pid, signal.SIGKILL)
        tests.wait(60)
    assert ends(pid, 30)
    assert not folder.exists()


@pytest.fixture
def fake_maven(tmp_path, monkeypatch):
    """A cache of its own, and an mvn that writes one jar and then does what the test says."""
    bin, cache = tmp_path / "bin", tmp_path / "cache"
    bin.mkdir()

    def write(then: str) -> Path:
        script = bin / "mvn"
        script.write_text('#!/bin/sh\nfor last; do :; done\njars="${last#-DoutputDirectory=}"\n'
                          f'mkdir -p "$jars" && touch "$jars/hadoop-minicluster-3.5.0.jar"\n{then}\n')
        script.chmod(0o755)
        return cache / "d4p-tests"

    monkeypatch.setenv("PATH", f"{bin}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return write


def test_jars_are_fetched_once_and_a_fetch_cut_short_counts_for_nothing(fake_maven):
    cache = fake_maven("echo '[ERROR] the network is down'; exit 1")
    with pytest.raises(jars.Missing, match=r"^Maven can't fetch the servers of Hadoop: \[ERROR\] the network is down$"):
        jars.jars()
    assert not [path for path in cache.iterdir() if path.name.startswith("hadoop-")]

    fake_maven("exit 0")
    folder = jars.jars()
    assert [path.name for path in folder.iterdir()] == ["hadoop-minicluster-3.5.0.jar"]
    assert {path.name for path in cache.iterdir()} == {"lock", folder.name}

    fake_maven("exit 1")  # isn't asked again
    assert jars.jars() == folder


def test_what_is_missing_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(jars.Missing, match=r"^a JDK is missing: .* \(apt install openjdk-17-jdk\)$"):
        jars.java()
    with pytest.raises(jars.Missing, match=r"^Maven is missing: .* \(apt install maven\)$"):
        jars.jars()
    (tmp_path / "java").touch(0o755)
    with pytest.raises(jars.Missing, match=r"belongs to a JRE: the servers of Hadoop need a JDK"):
        jars.java()
