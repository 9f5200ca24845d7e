"""Runs in a database that speaks MongoDB's protocol: what is put there is found there, asked as its users ask."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from d4p_compile.runs.export import documents
from d4p_compile.runs.folder import Run
from tests import jvm, maven
from tests.unit.test_runs import channel, make

pymongo = pytest.importorskip("pymongo", reason="pymongo isn't installed")
HERE = Path(__file__).parent
#: In which the server is up.
SECONDS = 60


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """That of a server, which ends with the tests of this file."""
    try:
        what = "the server that speaks MongoDB's protocol, and what it needs,"
        java, jars = maven.java(what), maven.fetched(HERE / "pom.xml", what, "mongo-java-server-core-")
    except maven.Missing as missing:
        pytest.fail(str(missing)) if os.environ.get("CI") else pytest.skip(str(missing))
    command = [str(java), *jvm.BRIEF.split(), "-Xmx256m", "-cp", f"{jars}/*", str(HERE / "Server.java")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True)
    try:
        assert select.select([process.stdout], [], [], SECONDS)[0], "the server doesn't come up"
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=20)


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("D4P_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def filled(runs: Path, id: str, **about: Any) -> Run:  # noqa: A002  as run.json calls it
    """A record with something in each of its files, and names and values that a database may take amiss."""
    run = make(runs, id, [(["a"], [({"working": 1.0}, 5)]), (["b"], [({"working": 2.0}, 5)] * 2)],
               [channel("a", "b", "hash", [0])], parameters={"a.b": 1 << 70, "$set": {"$inc": "\0"}, "": None}, **about)
    summary = run.summary | {"edges": {"a.output -> b.input": {"items": 5, "bytes": 1 << 40}}}
    (run.folder / "summary.json").write_text(json.dumps(summary))
    (run.folder / "samples.jsonl").write_text("".join(f'{{"at": {at}, "instances": []}}\n' for at in range(1_200)))
    (run.folder / "errors").mkdir()
    (run.folder / "errors" / "000001.json").write_text('{"message": "failed \\u20ac"}')
    (run.folder / "log.txt").write_text("a line\n" * 10_000)
    return Run(run.folder)


def exported(port: int, *names: str) -> None:
    """The command, twice: what is there already is put there again."""
    for _ in range(2):
        done = subprocess.run([sys.executable, "-m", "d4p_compile", "runs", "export", "--to",
                               f"mongodb://127.0.0.1:{port}/mine", *names], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert all(name in done.stdout for name in names)


def test_what_is_put_there_is_found_there(port, runs):
    found = [filled(runs, "a1"), filled(runs, "a2", state="failed", name="other")]
    exported(port, "a1", "a2")
    with pymongo.MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=5_000) as client:
        mine = client["mine"]
        for run in found:
            for name, document in documents(run):
                assert mine[name].find_one({"_id": document["_id"]}) == document
        counts = {name: mine[name].count_documents({}) for name in mine.list_collection_names()}
        assert counts == {"runs": 2, "plans": 2, "summaries": 2, "samples": 2_400, "errors": 2, "logs": 2}
        assert [each["_id"] for each in mine["runs"].find({"state": "failed"})] == ["a2"]
        assert [each["run"] for each in mine["plans"].find({"stages.pes": "b"}).sort("_id", -1)] == ["a2", "a1"]
        ((last),) = mine["samples"].find({"run": "a1"}).sort("at", -1).limit(1)
        assert last["at"] == 1_199
        busy = mine["summaries"].aggregate([{"$unwind": "$instances"}, {"$group": {
            "_id": "$run", "working": {"$sum": "$instances.seconds.working"}}}, {"$sort": {"_id": 1}}])
        assert [(each["_id"], each["working"]) for each in busy] == [("a1", 5.0), ("a2", 5.0)]
