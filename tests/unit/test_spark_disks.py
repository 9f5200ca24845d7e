"""What a task of Spark's spills and fetches lies on Spark's disks."""

from __future__ import annotations

import os
import textwrap

import pytest

import d4p_compile
from d4p.engines.spark import disks
from d4p.engines.spark.outbox import Outbox
from d4p.host import scratch


@pytest.fixture
def at(tmp_path):
    """A folder that this process uses while the test lasts."""
    scratch.use(str(tmp_path))
    yield tmp_path
    scratch.use(None)


def test_one_of_sparks_folders_that_can_be_used(tmp_path):
    good = [tmp_path / name for name in "ab"]
    for folder in good:
        folder.mkdir()
    (tmp_path / "file").touch()
    named = ",".join(map(str, [tmp_path / "gone", *good, tmp_path / "file"]))
    assert disks.folder({"SPARK_LOCAL_DIRS": named}) in map(str, good)
    assert disks.folder({"SPARK_LOCAL_DIRS": str(tmp_path / "gone")}) is None and disks.folder({}) is None


def test_a_spill_lies_there(at):
    outbox = Outbox(0, {1: 1}, {})
    for number in range(3):
        outbox.put((0, 1, 0, number), bytes(10 << 20), 10 << 20)
    opened = os.readlink(f"/proc/self/fd/{outbox._spilled.fileno()}")
    assert opened.startswith(f"{at}/"), opened
    assert [key for key, _ in outbox.drain()] == [(0, 1, 0, number) for number in range(3)]


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_a_task_knows_the_folder(tmp_path, target, monkeypatch):
    (tmp_path / "disk").mkdir()
    workflow = tmp_path / "where.py"
    workflow.write_text(textwrap.dedent("""
        from d4p import ProducerPE, WorkflowGraph
        from d4p.host import scratch


        class Where(ProducerPE):
            def _process(self):
                return scratch.folder()


        graph = WorkflowGraph()
        graph.add(Where())
    """))
    (tmp_path / "spark-defaults.conf").write_text(f"spark.local.dir {tmp_path}/disk\n")
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    results = d4p_compile.run(workflow, target)
    (folder,) = results["Where0", "output"]
    assert str(folder).startswith(f"{tmp_path}/disk/")
