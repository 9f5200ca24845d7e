"""Committed outputs on this machine, on HDFS over RPC and over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import d4p_compile
from d4p import ReadLines, WriteArrow, WriteRecords, WriteText
from d4p.commit import claim
from d4p.containers import Records
from d4p.errors import Refused, RunFailed
from d4p.filesystems import configuration
from d4p.outputs.store import Store
from tests.cluster.conftest import Place
from tests.unit.byhand import ByHand

pytestmark = pytest.mark.cluster
WORKFLOWS = Path(__file__).parents[1] / "workflows" / "outputs.py"


def names(place) -> list[str]:
    return sorted(path.rpartition("/")[2] for path in place.fs.ls(place.name, detail=False))


def lines(place, name: str = "out") -> list[str]:
    reader = ReadLines(f"{place.url}/{name}")
    return [line for split in reader.plan_splits() for line in reader.read(split)]


def test_arrow_files(anywhere):
    """Read where they are: on this machine they are mapped into memory."""
    items = [(f"name {n}", np.full(1000, n, "float32")) for n in range(700)]
    run = ByHand(WriteArrow(f"{anywhere.url}/arrow"))
    run.commit(run.instance(0, 3, items[:500]), run.instance(1, 3, []), run.instance(2, 3, items[500:]))
    found = Records(run.pe.path)
    assert len(found) == 700 and found[600][0] == "name 600" and set(found[600][1].tolist()) == {600}
    assert [(name, values.sum()) for name, values in found] == [(name, values.sum()) for name, values in items]


def test_parts_are_committed(anywhere):
    pe = WriteText(f"{anywhere.url}/deep/out")
    run = ByHand(pe)
    lost = run.begin(0, 2)
    lost.process({"input": "lost"})
    run.instance(0, 2, ["a"])
    parts = run.instance(0, 2, ["a"]), run.instance(1, 2, ["b", "c"])
    assert not anywhere.fs.exists(f"{anywhere.name}/deep/out")
    run.commit(*parts)
    assert lines(anywhere, "deep/out") == ["a", "b", "c"]
    assert sorted(p.rpartition("/")[2] for p in anywhere.fs.ls(f"{anywhere.name}/deep/out", detail=False)) == [
        "_SUCCESS", "part-00000", "part-00001"]
    try:
        lost.postprocess()  # a task that was given up and didn't hear of it
    except RunFailed:
        pass
    else:  # over HTTP a file is made when its first bytes are sent, with the folders above it
        assert anywhere.url.startswith("webhdfs")
    assert lines(anywhere, "deep/out") == ["a", "b", "c"]
    with pytest.raises(Refused, match="exists: give another folder"):
        ByHand(pe)
    resumed = ByHand(pe, resume=True)
    assert resumed.folder.committed
    resumed.folder.release()
    run = ByHand(pe, overwrite=True)
    run.commit(run.instance(0, 1, ["new"]))
    assert lines(anywhere, "deep/out") == ["new"]


def test_a_decided_commit_is_carried_out_by_resume(anywhere):
    run = ByHand(WriteRecords(f"{anywhere.url}/out"))
    parts = [run.instance(rank, 3, [rank]) for rank in range(3)]
    run.folder.decide({"": parts}, run.identity, run.run)
    whole = f"{run.folder.whole}/part-00000"
    anywhere.fs.makedirs(run.folder.whole)
    anywhere.fs.rename(f"{run.folder.attempts}/{parts[0].name}", whole)  # killed after the first rename
    run.folder.release()
    resumed = ByHand(run.pe, resume=True)
    assert resumed.folder.decided
    resumed.folder.commit()
    assert lines(anywhere) == ["0", "1", "2"] and names(anywhere) == ["out"]


def test_a_part_that_is_cut_is_not_committed(anywhere):
    run = ByHand(WriteText(f"{anywhere.url}/out"))
    part = run.instance(0, 1, ["abc"])
    anywhere.put(f".out.d4p-unfinished/attempts/{part.name}", b"ab")
    with pytest.raises(RunFailed, match="lacks the part of instance 0: .* of 4 bytes, has 2 bytes"):
        run.commit(part)
    run.folder.abort(keep=False)
    assert names(anywhere) == []


def test_one_run_at_a_time(anywhere):
    store, folder = Store(anywhere.url), f"{anywhere.name}/.out.d4p-unfinished"
    start, got = threading.Barrier(6), []

    def one(number: int) -> None:
        start.wait(60)
        try:
            got.append(claim.take(store, folder, f"run{number}", "out"))
        except Refused:
            pass

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(got) <= 1
    for mine in got:
        mine.beat()
        mine.beat()
        mine.check()
        with pytest.raises(Refused, match="by another run"):
            claim.take(store, folder, "late", "out")
        mine.release()
    assert names(anywhere) == []


@pytest.mark.parametrize("target", ["sequential", "processes"])
def test_a_program_that_is_killed_and_resumed(place, tmp_path, target):
    (tmp_path / "trace").mkdir()
    expected = Counter(f"LINE {i:03d}" for i in range(300))
    for number in range(3):
        place.put(f"in/{number}.txt", "".join(f"line {i:03d}\n" for i in range(number, 300, 3)).encode())
    parameters = {"folder": place.url, "trace": str(tmp_path / "trace")}
    bundle = d4p_compile.compile(f"{WORKFLOWS}:slow", target, 9, output=tmp_path / "bundle", parameters=parameters)
    command = [sys.executable, str(bundle.script)]
    killed = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wanted = "/part-" if target == "processes" else "/.part-"
    attempts = f"{place.name}/.out.d4p-unfinished/attempts"
    while not (place.fs.exists(attempts) and any(wanted in path for path in place.fs.ls(attempts, detail=False))):
        assert killed.poll() is None, killed.stderr.read()
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=20)
    assert not place.fs.exists(f"{place.name}/out")
    ran = len(os.listdir(tmp_path / "trace"))
    resumed = subprocess.run([*command, "--resume"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert resumed.returncode == 0, resumed.stderr
    assert Counter(lines(place)) == expected and names(place) == ["in", "out"]
    assert target == "sequential" or "had been done by an earlier run" in resumed.stdout
    again = subprocess.run([*command, "--resume"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0 and "nothing was run" in again.stdout and len(os.listdir(tmp_path / "trace")) > ran
    place.fs.rm(f"{place.name}/in/0.txt")
    other = subprocess.run([*command, "--resume"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert other.returncode == 2 and "was made from other files for ReadLines" in other.stderr


@pytest.mark.spark
@pytest.mark.parametrize("target", ["spark-rdd", "spark-df"])
def test_a_spark_program_writes_to_hdfs(client, tmp_path, target):
    """A bare path is one of Hadoop's default file system, for writers and for --output."""
    name = f"d4p-{tmp_path.name}"
    home = Place(f"{client.fs_url}{configuration.home()}/{name}")
    command = [sys.executable, "-m", "d4p_compile", "run", f"{WORKFLOWS}:both", "--target", target, "-p",
               f"folder={name}", "--output", f"{name}/results"]
    for more in ([], ["--resume"]):
        done = subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stderr
        assert f"written: {home.url}/results\n" in done.stdout and ("nothing was run" in done.stdout) == bool(more)
        assert sorted(map(int, lines(home, "text"))) == list(range(100))
        assert sorted(map(int, lines(home, "records"))) == list(range(1, 101))
        assert len(lines(home, "results/Fails4.output")) == 100
        assert names(home) == ["records", "results", "text"] and os.listdir(tmp_path) == []
    home.fs.rm(home.name, recursive=True)
