"""Library readers and writers, `-f` and `d4p.files` on HDFS, in the sequential and the processes program."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import d4p_compile
from d4p.errors import Refused
from d4p.filesystems import locate
from d4p.filesystems.hdfs import Hdfs
from d4p.filesystems.webhdfs import WebHdfs
from d4p.library import ReadFiles, ReadLines
from d4p_compile.runs.fetch import fetch
from d4p_compile.runs.folder import find
from tests.conftest import ROOT

pytestmark = pytest.mark.cluster

WORKFLOWS = Path(__file__).with_name("workflows.py")
TEXTS = {"a.txt": [f"line {n} of a" for n in range(30_000)], "b.txt": ["é", "", "last"], "c.txt.gz": ["packed"] * 5}


@pytest.fixture
def texts(place, monkeypatch):
    """A folder of texts; where they are written to."""
    for name, lines in TEXTS.items():
        data = "".join(f"{line}\n" for line in lines).encode()
        place.put(f"in/{name}", gzip.compress(data) if name.endswith("gz") else data)
    place.put("in/_SUCCESS")
    monkeypatch.setenv("TEST_SOURCE", f"{place.url}/in")
    monkeypatch.setenv("TEST_DEST", f"{place.url}/out")
    return place


def written(place) -> list[str]:
    parts = [name for name in place.fs.ls(f"{place.name}/out", detail=False) if "/part-" in name]
    assert place.fs.exists(f"{place.name}/out/_SUCCESS")
    return [line for part in sorted(parts)
            for line in place.get(part.removeprefix(f"{place.name}/")).decode().splitlines()]


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_lines_are_read_in_splits_by_several_instances_and_written(texts, target):
    d4p_compile.run(f"{WORKFLOWS}:lines", target)
    assert sorted(written(texts)) == sorted(line.upper() for lines in TEXTS.values() for line in lines)


def test_a_record_is_written_there_and_fetched(texts, tmp_path, monkeypatch):
    monkeypatch.setenv("D4P_RUNS", f"{texts.url}/runs")
    d4p_compile.run(f"{WORKFLOWS}:lines", "sequential")
    monkeypatch.setenv("D4P_RUNS", str(tmp_path))
    (name,) = fetch(f"{texts.url}/runs")
    found = find(name)
    assert found.state == "done" and found.summary["instances"] and "d4p.start" in found.program("job.py")


def test_each_line_once_whatever_the_split(texts):
    for split_bytes in 99_991, 1 << 20:
        reader = ReadLines(f"{texts.url}/in/a.txt", split_bytes=split_bytes)
        assert [line for split in reader.plan_splits() for line in reader.read(split)] == TEXTS["a.txt"]
    assert len(reader.plan_splits()) == 1


def test_a_folder_a_glob_and_a_list(texts):
    names = lambda path: [file.name.rpartition("/")[2] for file in ReadFiles(path).files()]  # noqa: E731
    assert names(f"{texts.url}/in") == ["a.txt", "b.txt", "c.txt.gz"]
    assert names(f"{texts.url}/in/*.txt") == ["a.txt", "b.txt"]
    assert names(f"{texts.url}/**/[bc].*") == ["b.txt", "c.txt.gz"]
    assert names([f"{texts.url}/in/b.txt", f"{texts.url}/in/*"]) == ["a.txt", "b.txt", "c.txt.gz"]


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_whole_files_go_to_a_reader_that_takes_a_path(texts, target):
    results = d4p_compile.run(f"{WORKFLOWS}:whole", target)
    found = dict(results["ReadFiles0", "output"])
    assert found["b.txt"] == len("é\n\nlast\n".encode()) and set(found) == set(TEXTS)


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_pe_of_ones_own_opens_files_and_f_is_read_from_there(texts, target, start, monkeypatch):
    monkeypatch.setenv("D4P_START_METHOD", start)
    texts.put("inputs.json", json.dumps({"Sizes": [{"input": f"{texts.url}/in"}]}).encode())
    results = d4p_compile.run(f"{WORKFLOWS}:own", target, options=["-f", f"{texts.url}/inputs.json"])
    assert dict(results["Sizes0", "output"])["a.txt"] == sum(len(line) + 1 for line in TEXTS["a.txt"])


def test_the_default_hdfs_and_the_command_line(client, texts, tmp_path):
    """hdfs:///folder is in fs.defaultFS; a bare path is a file of this machine."""
    name, scheme = texts.name, texts.url.partition(":")[0]
    env = client.env(TEST_SOURCE=f"{scheme}://{name}/in", TEST_DEST=f"{scheme}://{name}/out")
    command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:lines", "--target", "processes"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(written(texts)) == sum(map(len, TEXTS.values()))

    again = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert again.returncode == 2 and f"{scheme}://{name}/out" in again.stderr and "exists" in again.stderr

    env["TEST_SOURCE"] = f"{name}/in"
    bare = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert bare.returncode == 2 and f"{name}/in, and there is no such file or folder" in bare.stderr


def test_an_output_that_may_not_be_written(client, texts, tmp_path):
    env = client.env(TEST_SOURCE=os.environ["TEST_SOURCE"], TEST_DEST=f"{texts.url.partition('/tmp/')[0]}/denied/out",
                     HADOOP_USER_NAME="alice")
    done = subprocess.run([sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:lines"], cwd=tmp_path, env=env,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert "can't be made: permission denied: user=alice, access=WRITE" in done.stderr


def test_an_f_that_isnt_there(texts):
    with pytest.raises(Refused, match="No such file or directory: give the path of a JSON file"):
        d4p_compile.run(f"{WORKFLOWS}:own", options=["-f", f"{texts.url}/none.json"])


def test_a_folder_of_many_files_is_listed_in_a_few_calls(client, monkeypatch):
    fs, name = locate(f"{client.fs_url}/tmp/many-{time.time_ns()}")
    fs.makedirs(name)
    for n in range(2000):
        fs.open(f"{name}/{n:05}", "wb").close()
    try:
        for root, kind in (client.fs_url, Hdfs), (client.webhdfs_url, WebHdfs):
            calls, asked = [], kind._call
            monkeypatch.setattr(kind, "_call", _counted(asked, calls))
            assert len(ReadFiles(f"{root}{name}").files()) == 2000
            assert len(calls) < 8
    finally:
        fs.rm(name, recursive=True)


def _counted(function, calls):
    def counted(*arguments, **options):
        calls.append(arguments)
        return function(*arguments, **options)
    return counted


def test_the_examples_run_with_nothing_changed_but_the_url(client, texts, tmp_path):
    book = (ROOT / "examples" / "wordcount" / "opticks.txt").read_bytes()
    source = (ROOT / "examples" / "wordcount" / "wordcount.py").read_text()
    workflow = tmp_path / "wordcount.py"
    workflow.write_text(source.replace('Path(__file__).with_name("opticks.txt")', repr(f"{texts.url}/opticks.txt")))
    texts.put("opticks.txt", book)
    there = d4p_compile.run(workflow, "processes")
    here = d4p_compile.run(ROOT / "examples" / "wordcount" / "wordcount.py")
    assert {key: sorted(items) for key, items in there.items()} == {key: sorted(items) for key, items in here.items()}
