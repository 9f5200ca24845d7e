"""The examples on YARN, from HDFS to HDFS: with nothing changed but the URLs, on both kinds of Spark program."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

import pyspark
import pytest

import d4p_compile
from d4p.filesystems import files, locate
from tests import jvm
from tests.seismograms import observe
from tests.submit.running import environment, submit

pytestmark = pytest.mark.cluster
EXAMPLES = Path(__file__).parents[2] / "examples"
#: Two executors with little memory, this Python, and Spark's jars from where they are. No page: in client mode Spark
#: adds YARN's filter to its handlers while they start, which now and then fails.
HERE = ["--conf", "spark.ui.enabled=false", "--num-executors", "2", "--executor-memory", "512m", "--driver-memory",
        "512m", "--conf", f"spark.yarn.jars=local:{Path(pyspark.__file__).parent}/jars/*", "--env", "path",
        "--python", sys.executable, *jvm.ON_YARN]  # fmt: skip


@pytest.fixture
def place(hadoop):
    """A folder in HDFS."""
    return f"{hadoop.fs_url}/examples/{time.time_ns()}"


def on_yarn(hadoop, cwd, *words):
    done = submit(*words, *HERE, cwd=cwd, env=environment(HADOOP_CONF_DIR=str(hadoop.conf_dir), **jvm.submitting()))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("target, profile", [("spark-rdd", "yarn-client"), ("spark-df", "yarn-cluster")])
def test_wordcount(hadoop, place, target, profile, tmp_path):
    workflow = EXAMPLES / "wordcount" / "wordcount.py"
    files.write(f"{place}/opticks.txt", workflow.with_name("opticks.txt").read_bytes())
    on_yarn(hadoop, tmp_path, f"{workflow}:make", "-t", target, "-p", f"path={place}/opticks.txt", "--profile", profile,
            "--output", f"{place}/top")  # fmt: skip
    ((_, expected),) = d4p_compile.run(workflow).items()
    assert files.exists(f"{place}/top/_SUCCESS")
    assert [tuple(item) for item in lines(f"{place}/top/top3.output")] == list(expected)


@pytest.mark.parametrize("target, profile", [("spark-rdd", "yarn-cluster"), ("spark-df", "yarn-client")])
def test_xcorr(hadoop, place, target, profile, tmp_path):
    workflow = f"{EXAMPLES / 'xcorr' / 'xcorr.py'}:make"
    import obspy

    record = Path(obspy.__file__).parent / "io/seisan/tests/data/9701-30-1048-54S.MVO_21_1"
    files.write(f"{place}/records/{record.name}", record.read_bytes())
    on_yarn(hadoop, tmp_path, workflow, "-t", target, "-p", f"path={place}/records", "-p", f"output={place}/out",
            "--profile", profile)  # fmt: skip
    d4p_compile.run(workflow, parameters={"output": str(tmp_path / "out")})
    expected = Counter(map(json.dumps, lines(str(tmp_path / "out" / "correlations"))))
    found = Counter(map(json.dumps, lines(f"{place}/out/correlations")))
    assert found == expected and sum(found.values()) == 28
    assert locate(place)[0].info(locate(f"{place}/out/correlations.png")[1])["size"] > 10_000


def test_misfit(hadoop, place, data, tmp_path):
    """Records, metadata, event and processing come from HDFS, and the table, the map and the pictures go there."""
    observe(data, tmp_path / "in", stations=2)
    (tmp_path / "in" / "processing.json").write_bytes((EXAMPLES / "misfit" / "processing.json").read_bytes())
    for path in (tmp_path / "in").rglob("*.*"):
        if path.is_file():
            files.write(f"{place}/in/{path.relative_to(tmp_path / 'in')}", path.read_bytes())
    workflow = f"{EXAMPLES / 'misfit' / 'misfit.py'}:make"
    made = {"observed": "observed", "synthetics": "synthetics", "stations": "stations.xml", "event": "event.xml",
            "processing": "processing.json"}  # fmt: skip
    given = [word for name, what in made.items() for word in ("-p", f"{name}={place}/in/{what}")]
    on_yarn(hadoop, tmp_path, workflow, "-t", "spark-rdd", *given, "-p", f"output={place}/out", "--profile",
            "yarn-cluster")  # fmt: skip
    here = {name: str(tmp_path / "in" / what) for name, what in made.items()}
    d4p_compile.run(workflow, parameters={**here, "output": str(tmp_path / "out")})
    assert files.exists(f"{place}/out/misfits/_SUCCESS")
    expected = [path for path in (tmp_path / "out").rglob("*.*") if path.suffix != ".parquet"]
    assert len(expected) == 6  # table, what was left out, map, picture of all, pictures of two stations
    for path in expected:
        with files.open(f"{place}/out/{path.relative_to(tmp_path / 'out')}") as file:
            assert file.read() == path.read_bytes(), path


def lines(folder: str) -> list:
    """The items of the parts of an output that is whole."""
    parts = [path for path in files.list(folder) if path.rpartition("/")[2].startswith("part-")]
    return [json.loads(line) for part in parts for line in files.open(part, "r")]
