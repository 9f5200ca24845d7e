"""DataFrame programs on Spark Connect: a server that has Spark, and a client that has neither Java nor RDDs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import d4p_compile
from d4p import WriteArrow
from d4p.errors import Refused, RunFailed
from d4p.seismo import Correlation
from d4p_compile.runs.folder import find
from d4p_compile.runs.page import page
from tests.targets import answers, definition
from tests.unit.byhand import ByHand

pytestmark = pytest.mark.spark
WORKFLOWS = Path(__file__).parents[1] / "workflows"
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a Spark Connect server of the pip package."""
    import pyspark

    from tests.connect import server

    with server(Path(pyspark.__file__).parent, pyspark.__version__, tmp_path_factory.mktemp("server")) as address:
        yield address


def run(server, workflow, monkeypatch, **more):
    """`answers`, of a program in a process of its own that knows the server alone."""
    monkeypatch.setenv("SPARK_REMOTE", server)
    return answers(workflow, "spark-df", own_process=True, **more)


@pytest.mark.parametrize("graph", ["fan_in", "round_robin", "group_by", "everyone", "postprocess_flows", "composites",
                                   "phases", "unconnected", "ordered_through_instances"])  # fmt: skip
def test_the_same_answers(server, graph, monkeypatch):
    workflow = f"{WORKFLOWS / 'semantics.py'}:{graph}"
    expected = definition(workflow)
    assert run(server, workflow, monkeypatch) == expected


def test_native_aggregates(server, monkeypatch, tmp_path):
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    fit = "[('abc'[i % 3], 2**60 + i, i / 8, bytes([i]), i > 3) for i in range(200)]"
    parameters = {"expression": f"{fit} + [('z', True, 1.0, b'', 1)] + {fit}"}
    workflow = f"{WORKFLOWS / 'columns.py'}:all_kinds"
    expected = definition(workflow, parameters=parameters)
    assert run(server, workflow, monkeypatch, parameters=parameters) == expected
    record = find("latest")
    assert record.state == "done" and record.about["target"] == "spark-df" and not record.summary.get("spark")
    assert "Spark Connect doesn't tell its clients of them" in page(record)


def test_pairs_by_a_broadcast(server, tmp_path):
    """A server doesn't tell how many executors it has: no more than cores."""
    workflow, given = f"{WORKFLOWS / 'pairs.py'}:two_streams", {**os.environ, "SPARK_REMOTE": server}
    command = [sys.executable, "-m", "d4p_compile", "run", workflow, "--target", "spark-df", "--output", "out"]
    done = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert re.search("^channels 1 and 2: a broadcast of .* to 2 executors;", done.stdout, re.M), done.stderr
    found = Counter(line for part in tmp_path.glob("out/**/part-*") for line in part.read_text().splitlines())
    ((_, expected),) = definition(workflow).items()
    assert found == expected


@pytest.mark.parametrize("example", ["wordcount", "tour"])
def test_examples(server, example, monkeypatch):
    workflow = EXAMPLES / example / f"{example}.py"
    expected = definition(workflow)
    assert run(server, workflow, monkeypatch) == expected


def test_stored_correlations_are_a_data_frame(server, tmp_path):
    """What reads them travels to the server's Python, which has d4p."""
    ones = [Correlation(f"XX.S{n}..BHZ", "XX.Z..BHZ", 0.0, 4.0, -1.0, np.full(9, n / 2, "float32")) for n in range(40)]
    stored = ByHand(WriteArrow(tmp_path / "out"))
    stored.commit(stored.instance(0, 2, ones[:30]), stored.instance(1, 2, ones[30:]))
    script = f"""
from pyspark.sql import SparkSession
from d4p.seismo import Correlations
spark = SparkSession.builder.remote({server!r}).getOrCreate()
frame = Correlations({str(tmp_path / 'out')!r}).dataframe(spark)
print(frame.selectExpr("values[8]").groupBy().sum().collect()[0][0], frame.count(), "connect" in type(frame).__module__)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == [str(sum(n / 2 for n in range(40))), "40", "True"], done.stderr


def test_a_failure_is_told_as_on_every_target(server, monkeypatch):
    with pytest.raises(RunFailed) as caught:
        run(server, f"{WORKFLOWS / 'failing.py'}:raises", monkeypatch)
    assert str(caught.value).startswith("Raises (Raises), instance 0, item 8: ValueError: no such number: 7")
    assert "in _process" in str(caught.value) and "grpc" not in str(caught.value)


def test_a_server_that_is_not_there(monkeypatch):
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1:1")
    with pytest.raises(Refused, match="SPARK_REMOTE is sc://127.0.0.1:1, where no Spark Connect server answers"):
        d4p_compile.run(f"{WORKFLOWS / 'semantics.py'}:fan_in", "spark-df")
