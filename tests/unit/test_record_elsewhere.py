"""A record where a URL says, and copies of those that are elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from d4p.errors import Refused
from d4p.record import place
from d4p.record.opened import record_in
from d4p.record.record import Record
from d4p_compile.runs import folder
from d4p_compile.runs.fetch import fetch


def read(path: Path) -> dict:
    return json.loads(path.read_text())


def test_what_has_changed_is_carried_there_with_each_sign_of_life(tmp_path, monkeypatch):
    monkeypatch.setenv("D4P_SCRATCH", str(tmp_path / "scratch"))
    record = record_in(f"file://{tmp_path}/there/runs", "a1", pytest.fail)
    there = tmp_path / "there" / "runs"
    assert record.place == f"file://{there}/a1" and not there.exists()
    digest = record.program({"job.py": "pass\n"})
    record.begin(workflow="words:graph", program=digest)
    assert read(there / "a1" / "run.json")["state"] == "running"
    assert (there / "programs" / digest / "job.py").read_text() == "pass\n"
    record.put("summary.json", {"seconds": 1.0})
    record.failed({"message": "no"})
    assert not (there / "a1" / "summary.json").exists()
    record.update(state="done")
    record.leave()
    assert (read(there / "a1" / "run.json")["state"], read(there / "a1" / "summary.json")) == ("done", {"seconds": 1.0})
    assert read(there / "a1" / "errors" / "000001.json")["message"] == "no"
    assert not [*there.rglob(".*")] and [*(tmp_path / "scratch").iterdir()] == []


def test_what_cant_be_carried_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setenv("D4P_SCRATCH", str(tmp_path))
    (tmp_path / "file").write_text("")
    said: list[str] = []
    record = record_in(f"file://{tmp_path}/file/runs", "a1", said.append)
    record.begin()
    record.update(state="done")
    assert len(said) == 1 and "file" in said[0]
    said.clear()
    record_in("nosuch://host/runs", "a1", said.append).begin()
    assert len(said) == 1 and "nosuch" in said[0]


def test_in_a_container_of_yarns_it_is_the_users_folder_of_hdfs():
    container = {"CONTAINER_ID": "c_1", "SPARK_USER": "me"}
    assert place.runs_folder(container) == "hdfs:///user/me/.d4p/runs"
    assert place.runs_folder(container | {"HADOOP_USER_NAME": "you"}) == "hdfs:///user/you/.d4p/runs"
    assert place.runs_folder(container | {"D4P_RUNS": "hdfs://nn/runs/"}) == "hdfs://nn/runs"
    assert place.runs_folder(container | {"D4P_RUNS": "/shared/runs"}) == "/shared/runs"


@pytest.mark.parametrize("kind", ["file://", ""], ids=["url", "folder"])
def test_records_that_are_elsewhere_are_copied_once(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "here"))
    there = tmp_path / "there"
    for name, state in (("a1", "done"), ("a2", "running")):
        record = Record(str(there), name, pytest.fail)
        record.begin(program=record.program({"job.py": "pass\n"}))
        record.failed({"message": name})
        record.update(state=state)
    (there / "a3").mkdir()
    assert list(fetch(f"{kind}{there}")) == ["a1", "a2"]
    assert list(fetch(f"{kind}{there}")) == ["a2"]
    found = folder.find("a1")
    assert (found.errors[0]["message"], found.program("job.py")) == ("a1", "pass\n")


def test_a_url_is_not_read_but_copied(monkeypatch):
    monkeypatch.setenv("D4P_RUNS", "hdfs://nn/runs")
    with pytest.raises(Refused, match="d4p runs fetch hdfs://nn/runs"):
        folder.find("latest")
