"""Executors that are lost, and executors that are small: processes of their own, killed for real."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests import jvm
from tests.conftest import start_session, stop_session
from tests.targets import answers, definition

pytestmark = pytest.mark.spark
FAULTS = Path(__file__).parents[1] / "workflows" / "faults.py"
TARGETS = ("spark-rdd", "spark-df")


@pytest.fixture(scope="module")
def executors():
    """A session with two executors of one core and 1 GB, as processes on this machine. What asks one that is gone for
    its part of a shuffle tries again three times, as ever, but needn't wait for 5 s before each."""
    settings = {"spark.executor.memory": "1g", "spark.executor.extraJavaOptions": jvm.options(),
                "spark.shuffle.io.retryWait": "500ms"}  # fmt: skip
    session = start_session("local-cluster[2,1,1024]", "executors", **settings)
    yield session
    stop_session()


@pytest.fixture(scope="module")
def expected() -> Counter:
    """The sequential answer of the chain."""
    ((_, items),) = definition(f"{FAULTS}:chain").items()
    assert sum(items.values()) == 1000
    return items


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("at", ["mix:15000", "keyed:1", "keyed:9000", "spread:12000", "totals:end"])
def test_an_executor_that_is_killed_changes_nothing(executors, expected, target, at, tmp_path):
    marker = tmp_path / "killed"
    parameters = {"at": at, "marker": str(marker)}
    ((_, found),) = answers(f"{FAULTS}:chain", target, session=executors, parameters=parameters).items()
    assert marker.exists(), "no executor was killed"
    assert sorted(found.elements()) == sorted(expected.elements())


@pytest.mark.parametrize("target", ["spark-df"])
def test_what_failed_in_a_task_that_is_run_again_counts_once(executors, target, tmp_path):
    marker, failed = tmp_path / "killed", tmp_path / "failed"
    parameters = {"at": "work:8000", "marker": str(marker)}
    found = answers(f"{FAULTS}:failing", target, session=executors, parameters=parameters,
                    on_error=[f"work=dead-letter:{failed}"])
    assert marker.exists(), "no executor was killed"
    assert {name: (of["failed"], of["aside"]) for name, of in found.failures.items()} == {"work": (20, 20)}
    letters = [json.loads(line) for part in failed.glob("*/part-*") for line in part.read_text().splitlines()]
    assert sorted(letter["item"][1] for letter in letters) == list(range(0, 20_000, 1000))
    assert json.loads((failed / "_SUCCESS").read_text())["missing"] == 20
    assert sum(found["work1", "output"].values()) == 20_000 - 20


@pytest.mark.parametrize("target", TARGETS)
def test_an_executor_that_is_killed_after_a_broadcast_changes_nothing(executors, target, tmp_path, capsys):
    marker = tmp_path / "killed"
    ((_, expected),) = definition(f"{FAULTS}:pairs").items()
    parameters = {"at": "pass:20", "marker": str(marker)}
    ((_, found),) = answers(f"{FAULTS}:pairs", target, session=executors, parameters=parameters).items()
    assert marker.exists(), "no executor was killed"
    assert "channel 1: a broadcast of " in capsys.readouterr().out
    assert found == expected


@pytest.mark.parametrize("target", TARGETS)
def test_a_group_of_5_million_items_streams_through_an_executor_of_1_gb(executors, target):
    found = answers(f"{FAULTS}:one_key", target, session=executors)
    by_port = {port: list(items.elements()) for (_, port), items in found.items()}
    count = 5_000_000
    assert sorted(map(json.loads, by_port["sum"])) == [[0, 0], [count, count * (count - 1) // 2]]
    assert max(map(json.loads, by_port["megabytes"])) < 400
