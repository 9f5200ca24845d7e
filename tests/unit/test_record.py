"""The files of a record: replaced as a whole, masked, bounded, and of no harm to the run."""

from __future__ import annotations

import json
import os
import time

import pytest

from d4p.record import log, place
from d4p.record.masked import MASK, masked, program, words
from d4p.record.record import Record, close
from d4p.record.revision import revision
from d4p.record.samples import MOST, VALUES, Samples


def test_ids_sort_by_time_and_fit_into_the_name_of_a_part(monkeypatch):
    ids = []
    for moment in (1.0015, 1.002, 60.0, 1e9, 1.9e9):
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        ids.append(place.new_run())
    assert ids == sorted(ids) and len(set(map(len, ids))) == 1
    assert all(each.isalnum() and each.islower() for each in ids)


def test_the_folder_is_the_one_that_is_named_else_the_users_own():
    assert place.runs_folder({"D4P_RUNS": "/data/runs"}) == "/data/runs"
    assert place.runs_folder({"XDG_DATA_HOME": "/data"}) == "/data/d4p/runs"
    assert place.runs_folder({}) == os.path.expanduser("~/.local/share/d4p/runs")


def test_a_record_is_readable_from_its_first_file_on(tmp_path):
    record = Record(str(tmp_path), "a1", pytest.fail)
    record.begin(workflow="words:graph")
    found = json.loads((tmp_path / "a1" / "run.json").read_text())
    assert (found["state"], found["workflow"], found["version"]) == ("running", "words:graph", 1)
    assert found["began"] <= found["alive"]
    record.failed({"message": "no"})
    record.failed({"message": "nor this"})
    assert [json.loads(path.read_text())["message"] for path in sorted((tmp_path / "a1" / "errors").iterdir())] == [
        "no", "nor this"]
    assert (tmp_path / "a1").stat().st_mode & 0o077 == 0
    assert not [path for path in tmp_path.rglob(".*")]


def test_runs_of_one_program_share_it(tmp_path):
    texts = {"job.py": "pass\n", "plan.txt": "a plan\n"}
    first, second = (Record(str(tmp_path), name, pytest.fail).program(texts) for name in ("a1", "a2"))
    other = Record(str(tmp_path), "a3", pytest.fail).program({"job.py": "pass  # else\n"})
    assert first == second != other
    assert (tmp_path / "programs" / first / "job.py").read_text() == "pass\n"


def test_what_cant_be_written_is_said_once(tmp_path):
    (tmp_path / "runs").write_text("a file\n")
    said: list[str] = []
    record = Record(str(tmp_path / "runs"), "a1", said.append)
    record.begin()
    record.update(state="done")
    record.failed({"message": "no"})
    record.program({"job.py": ""})
    assert len(said) == 1 and str(tmp_path / "runs") in said[0] and "Not a directory" in said[0]


def test_what_is_called_like_a_secret_is_left_out():
    given = {"api_key": "abc", "path": "s3://me:pw@bucket/a", "deep": [{"password": 1, "n": 2.5}], "none": None}
    assert masked("", given) == {"api_key": "***", "path": "s3://***@bucket/a", "deep": [{"password": "***", "n": 2.5}],
                                 "none": None}
    assert words(["job.py", "--data={\"token\": \"x\"}", "-d", "{}", "--output=http://me:pw@host/x"]) == [
        "job.py", "--data=***", "-d", "***", "--output=http://***@host/x"]


def test_what_is_long_is_cut():
    assert len(masked("a", list(range(1_000_000)))) < 200
    assert len(masked("a", "x" * 1_000_000)) < 1000


def test_a_log_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "MOST", 100)
    path = str(tmp_path / "log.txt")
    for number in range(50):
        log.append(path, f"line {number}")
    kept = (tmp_path / "log.txt").read_text()
    assert kept.startswith("line 0\nline 1\n") and kept.endswith("isn't kept\n") and len(kept) < 150
    log.append(str(tmp_path / "nowhere" / "log.txt"), "a line")  # on a machine that doesn't see the folder


def test_samples_stay_few_and_span_the_run():
    samples = Samples()
    for second in range(5_000):
        if samples.due(second):
            samples.add(second, [0, 0])
    assert MOST / 4 < len(samples.all) <= MOST
    assert samples.all[0]["at"] < 200 and samples.all[-1]["at"] > 4_700
    for second in range(5_000, 6_000):
        samples.add(second, [0] * 1_000)
    assert len(samples.all) * 1_000 <= VALUES


def test_a_run_that_was_killed_is_closed_by_who_sees_it(tmp_path):
    Record(str(tmp_path), "a1", pytest.fail).begin()
    close(tmp_path / "a1", "failed", 137, "it was killed")
    close(tmp_path / "a1", "done", 0, None)  # too late
    found = json.loads((tmp_path / "a1" / "run.json").read_text())
    assert (found["state"], found["exit_status"], found["cause"]["message"]) == ("failed", 137, "it was killed")
    close(tmp_path / "a2", "failed", 1, "there is no such record")


def test_the_revision_is_read_from_gits_own_files(tmp_path):
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "deep").mkdir()
    assert revision(tmp_path / "deep") is None  # nothing is committed
    (git / "packed-refs").write_text("# pack-refs\n0a0a refs/heads/other\n1b1b refs/heads/main\n")
    assert revision(tmp_path / "deep") == "1b1b"
    (git / "refs" / "heads" / "main").write_text("2c2c\n")
    assert revision(tmp_path / "deep") == "2c2c"
    (git / "worktrees" / "w").mkdir(parents=True)
    (git / "worktrees" / "w" / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "worktrees" / "w" / "commondir").write_text("../..\n")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / ".git").write_text(f"gitdir: {git / 'worktrees' / 'w'}\n")
    assert revision(tmp_path / "w") == "2c2c"


def test_a_program_is_kept_but_for_the_secrets_among_its_parameters():
    given = {"é": "ü", "token": "1", "n": [1, {"password": ("a", 2)}], "at": ["s3://me:pw@b/c"], "x" * 9: "y" * 9000}
    other = 'nan = Workflow("c", parameters={"x": float("nan")})'
    source = f'"""1 a"""\nw = Workflow("a:b", parameters={given!r})\n{other}\n'
    shown = program(source)
    kept = {**given, "token": MASK, "n": [1, {"password": MASK}], "at": [f"s3://{MASK}@b/c"]}
    assert shown == source.replace(repr(given), repr(kept)).replace(repr(MASK), f'"{MASK}"')
    assert program("def broken(") == ""
    plain = "w = Workflow('a:b', parameters={'n': 1})\n"
    assert program(plain) == plain
