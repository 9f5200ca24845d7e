"""Submitted to a real YARN, with the program here (client) and on a node (cluster)."""

from __future__ import annotations

import getpass
import io
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from pathlib import Path

import pyspark
import pytest

from d4p.filesystems import locate
from tests import jvm

from . import small_env
from .running import WORDCOUNT, WORKFLOWS, environment, submit

pytestmark = pytest.mark.cluster
FAULTS = WORKFLOWS / "faults.py"
#: Little of everything, and Spark's jars from where they are.
SMALL = ["--num-executors", "1", "--executor-memory", "512m", "--driver-memory", "512m", "--conf",
         f"spark.yarn.jars=local:{Path(pyspark.__file__).parent}/jars/*", *jvm.ON_YARN]  # fmt: skip
MINE = ["--env", "path", "--python", sys.executable]
TOP = "('the', 9825)"


def on_yarn(hadoop, *words, cwd, **env):
    env = environment(HADOOP_CONF_DIR=str(hadoop.conf_dir), **jvm.submitting(), **env)
    return submit(*words, *SMALL, cwd=cwd, env=env)


def application(hadoop, text):
    """The application that a text names, as YARN sees it."""
    found = re.search(r"^application: (application_\d+_\d+)", text, re.MULTILINE)
    assert found, text
    with urllib.request.urlopen(f"{hadoop.rm_web}/ws/v1/cluster/apps/{found[1]}") as answer:
        return json.load(answer)["app"]


def test_the_program_here(hadoop, tmp_path):
    done = on_yarn(hadoop, WORDCOUNT, "--profile", "yarn-client", *MINE, "--output", f"file://{tmp_path}/counts",
                   cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert TOP in done.stdout and f"written: file://{tmp_path}/counts" in done.stdout
    assert re.search(r"^application: application_\d+_\d+, http://\S+$", done.stdout, re.MULTILINE)
    assert application(hadoop, done.stdout)["state"] == "FINISHED"
    assert (tmp_path / "counts" / "_SUCCESS").exists()
    quiet = ("progress: ", "Spark: INFO YarnClientImpl: ")
    assert not [line for line in done.stderr.splitlines() if not line.startswith(quiet)]


def test_the_program_on_a_node_prints_here_what_it_printed(hadoop, tmp_path):
    """It reads from HDFS and writes there, unchanged but for the URLs."""
    book, counts = f"{hadoop.fs_url}/books/opticks.txt", f"{hadoop.fs_url}/counts-{tmp_path.name}-{time.time_ns()}"
    fs, place = locate(book)
    fs.makedirs("/books", exist_ok=True)
    with fs.open(place, "wb") as file:
        file.write(WORDCOUNT.with_name("opticks.txt").read_bytes())
    done = on_yarn(hadoop, f"{WORDCOUNT}:make", "-p", f"path={book}", "--output", counts, "--profile", "yarn-cluster",
                   *MINE, cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"written: {counts}" in done.stdout and fs.exists(f"{locate(counts)[1]}/_SUCCESS")
    lines = done.stdout.splitlines()
    assert f"  {TOP}" in lines and "state: running" in lines and not [line for line in lines if "Warning" in line]
    (address,) = [line.removeprefix("address: ") for line in lines if line.startswith("address: ")]
    assert address.startswith(hadoop.rm_web)
    assert application(hadoop, done.stdout)["finalStatus"] == "SUCCEEDED"
    runs = f"/user/{getpass.getuser()}/.d4p/runs"
    latest = max(path for path in fs.ls(runs, detail=False) if not path.endswith("programs"))
    with fs.open(f"{latest}/run.json", "rb") as file:
        record = json.load(file)
    assert (record["state"], record["outputs"], record["target"]) == ("done", [counts], "spark-rdd")
    assert fs.exists(f"{latest}/summary.json") and fs.exists(f"{runs}/programs/{record['program']}/job.py")


def test_a_program_that_prints_much_and_a_spark_submit_that_does_not_wait(hadoop, tmp_path):
    """The end of what it printed comes here, and what was left out is said; the application is waited for."""
    (tmp_path / "long.py").write_text(
        "import os\nfrom d4p import ProducerPE, WorkflowGraph\n\n\nclass One(ProducerPE):\n    def _process(self):\n"
        "        return 1\n\n\ngraph = WorkflowGraph()\ngraph.add(One())\nif 'CONTAINER_ID' in os.environ:\n"
        "    for number in range(30_000):\n        print(f'line {number} ' + 40 * '.')\n")
    done = on_yarn(hadoop, "long.py", "--profile", "yarn-cluster", *MINE, "--conf",
                   "spark.yarn.submit.waitAppCompletion=false", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stdout[:9000] + done.stderr
    assert "waitAppCompletion is set aside: d4p waits for the end" in done.stdout and "state: finished" in done.stdout
    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("(of what the program printed before"))
    printed = [line for line in lines if line.startswith("line ")]
    assert lines[at + 1] == printed[0] and printed[0].endswith(40 * ".") and printed[-1].startswith("line 29999 ")
    assert 10_000 < len(printed) < 30_000


def test_a_packed_environment_on_a_node_where_a_pe_fails(hadoop, tmp_path):
    """The environment is one with d4p in editable form; the PE's own traceback comes first, with the user's path."""
    python = small_env.make(tmp_path / "env")
    env = environment(HADOOP_CONF_DIR=str(hadoop.conf_dir), XDG_CACHE_HOME=str(tmp_path / "cache"),
                      SPARK_HOME=str(Path(pyspark.__file__).parent), **jvm.submitting())  # fmt: skip
    command = [python, "-m", "d4p_compile", "submit", f"{FAULTS}:divides", "--profile", "yarn-cluster", *SMALL]
    done = subprocess.run([*map(str, command)], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("progress: ")]
    assert said[0].startswith("failed: Divides (Divides), instance ") and "ZeroDivisionError" in said[0]
    assert re.search(r"^Divides \[\d\]: divides by 0$", done.stdout, re.MULTILINE), done.stdout
    assert f'  File "{FAULTS}", line ' in done.stderr and "return 12 // (data - 7)" in done.stderr
    assert "\tat " not in done.stderr and said[-1].startswith("application: application_")
    kept = re.search(r"environment: kept as hdfs://(/user/\S+/\.d4p/env-\S+)", done.stdout)
    assert kept, done.stdout
    http = hadoop.webhdfs_url.replace("webhdfs", "http")
    with urllib.request.urlopen(f"{http}/webhdfs/v1{kept[1]}?op=GETFILESTATUS") as answer:
        archive = json.load(answer)["FileStatus"]
    (mine,) = (tmp_path / "cache" / "d4p").glob("env-*.tar.gz")
    assert archive["length"] == mine.stat().st_size
    with urllib.request.urlopen(f"{http}/webhdfs/v1{kept[1]}.used?op=GETFILESTATUS") as answer:
        assert json.load(answer)["FileStatus"]["length"] == 0


def test_sparks_jars_are_put_on_hdfs_once(hadoop, tmp_path):
    """A Spark with the jars of its Hadoop client alone, whose spark-submit says what it is given."""
    mine, its_own = tmp_path / "spark", Path(pyspark.__file__).parent
    for folder in ("bin", "jars", "python/pyspark"):
        (mine / folder).mkdir(parents=True)
    for name in ("hadoop-client-*.jar", "slf4j-api-*.jar", "log4j-*.jar", "jcl-over-slf4j-*.jar"):
        for jar in (its_own / "jars").glob(name):
            (mine / "jars" / jar.name).symlink_to(jar)
    (mine / "python" / "pyspark" / "version.py").write_text((its_own / "version.py").read_text())
    (mine / "bin" / "spark-submit").write_text('#!/bin/sh\nprintf "given: %s\\n" "$@"\n')
    (mine / "bin" / "spark-submit").chmod(0o755)
    kept = f"{hadoop.fs_url}/jars-{tmp_path.name}-{time.time_ns()}"
    env = environment(HADOOP_CONF_DIR=str(hadoop.conf_dir), SPARK_HOME=str(mine), JAVA_TOOL_OPTIONS=jvm.BRIEF)
    said, seen = [], []
    for _ in range(2):
        done = submit(WORDCOUNT, "--profile", "yarn-client", "--keep-jars", "--conf", f"spark.d4p.keep={kept}", *MINE,
                      cwd=tmp_path, env=env)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        said.append([line for line in done.stdout.splitlines() if line.startswith("Spark's jars: ")])
        fs, place = locate(kept)
        (archive,) = [file for file in fs.ls(place) if file["name"].endswith(".zip")]
        seen.append(archive)
        url = f"{kept}/{archive['name'].rpartition('/')[2]}"
        assert f"given: spark.yarn.archive={url}" in done.stdout
    assert said == [["Spark's jars: being put into one archive; it is kept for the next time",
                     f"Spark's jars: kept as {url}"], [f"Spark's jars: are at {url}"]]  # fmt: skip
    assert seen[0] == seen[1]  # its time, too
    with fs.open(seen[0]["name"], "rb") as file, zipfile.ZipFile(io.BytesIO(file.read())) as jars:
        assert sorted(jars.namelist()) == sorted(path.name for path in (mine / "jars").iterdir())


def test_a_program_that_is_refused_on_its_node(hadoop, tmp_path):
    venv.create(tmp_path / "bare", symlinks=True)
    done = on_yarn(hadoop, f"{FAULTS}:needs", "-p", "module=networkx", "--profile", "yarn-cluster", "--env", "path",
                   "--python", tmp_path / "bare" / "bin" / "python", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("progress: ")]
    assert said[0].startswith("refused: ") and "No module named 'networkx'" in said[0]


@pytest.mark.parametrize("profile", ["yarn-client", "yarn-cluster"])
def test_an_interrupt_ends_the_application(hadoop, tmp_path, profile):
    command = [sys.executable, "-m", "d4p_compile", "submit", f"{FAULTS}:forever", "--profile", profile, *MINE, *SMALL]
    with open(tmp_path / "out", "w+") as out, open(tmp_path / "err", "w+") as err:
        env = environment(HADOOP_CONF_DIR=str(hadoop.conf_dir), PYTHONUNBUFFERED="1", **jvm.submitting())
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=out, stderr=err)
        try:
            begun = r"^state: running" if profile == "yarn-cluster" else r"^Forever \[0\]: it has begun$"
            wait_for(tmp_path / "out", begun, process)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 130
        finally:
            process.kill()
            process.wait(60)
    text = (tmp_path / "out").read_text()
    until = time.monotonic() + 30
    while application(hadoop, text)["state"] not in ("KILLED", "FINISHED") and time.monotonic() < until:
        time.sleep(0.2)
    state = application(hadoop, text)["state"]
    assert state == ("KILLED" if profile == "yarn-cluster" else "FINISHED")
    assert "interrupted" in (tmp_path / "err").read_text()


def wait_for(file, pattern, process):
    until = time.monotonic() + 280
    while not re.search(pattern, file.read_text(), re.MULTILINE):
        assert process.poll() is None and time.monotonic() < until, file.read_text()
        time.sleep(0.2)


def test_a_queue_that_is_not_there(hadoop, tmp_path):
    done = on_yarn(hadoop, WORDCOUNT, "--profile", "yarn-cluster", *MINE, "--queue", "science", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed: YARN has no queue science" in done.stderr


def test_more_memory_than_a_container_may_have(hadoop, tmp_path):
    done = on_yarn(hadoop, WORDCOUNT, "--profile", "yarn-cluster", *MINE, "--driver-cores", "1", "--conf",
                   "spark.executor.memoryOverhead=900g", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed: the cluster has no container as large as what was asked for: no more than" in done.stderr
