"""The writers of d4p.library: folders of parts, whole or not at all."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import d4p
from d4p import ReadLines, WorkflowGraph, WriteRecords, WriteText
from d4p.compat.direct import process_and_return
from d4p.errors import Refused, RunFailed

from . import objects
from .byhand import ByHand, files


def read(reader):
    return [item for split in reader.plan_splits() for item in reader.read(split)]


def test_text_parts(tmp_path):
    pe = WriteText(tmp_path / "deep" / "out")
    assert (pe.path, pe.stateful, list(pe.outputconnections)) == (str(tmp_path / "deep" / "out"), False, [])
    run = ByHand(pe)
    parts = run.instance(0, 2, ["a", 1, "é"]), run.instance(1, 2, [])
    assert [(p.instance, p.instances, p.count, p.size) for p in parts] == [(0, 2, 3, 7), (1, 2, 0, 0)]
    assert not (tmp_path / "deep" / "out").exists()
    run.commit(*parts)
    assert files(tmp_path / "deep" / "out") == {"part-00000": "a\n1\né\n", "part-00001": ""}
    assert os.listdir(tmp_path / "deep") == ["out"]
    assert read(ReadLines(pe.path)) == ["a", "1", "é"]
    success = json.loads((tmp_path / "deep" / "out" / "_SUCCESS").read_text())
    assert success["parts"] == {"part-00000": {"items": 3, "bytes": 7}, "part-00001": {"items": 0, "bytes": 0}}


def test_records(tmp_path):
    items = [{"a": [1, float("nan")]}, (1, "x"), None]
    for form in ("jsonl", "pickle"):
        run = ByHand(WriteRecords(tmp_path / form, form))
        run.commit(run.instance(0, 1, items))
    lines = (tmp_path / "jsonl" / "part-00000").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"a": [1, {"$float": "nan"}]}, [1, "x"], None]
    with open(tmp_path / "pickle" / "part-00000", "rb") as file:
        assert repr([pickle.load(file) for _ in items]) == repr(items)


def test_parquet(tmp_path):
    items = [(f"w{i}", i) for i in range(10_000)]
    run = ByHand(WriteRecords(tmp_path / "out", "parquet", schema=[("word", str), ("count", int)]))
    run.commit(run.instance(0, 2, items), run.instance(1, 2, []))
    table = pq.read_table(tmp_path / "out")
    assert table.schema.names == ["word", "count"] and [str(t) for t in table.schema.types] == ["string", "int64"]
    assert list(zip(*table.to_pydict().values(), strict=True)) == items
    run = ByHand(WriteRecords(tmp_path / "no", "parquet", schema={"word": str}))
    with pytest.raises(RunFailed, match="must be dicts of exactly word: string; item 41 is {'word': 7}"):
        run.instance(0, 1, [{"word": "a"}] * 40 + [{"word": 7}] + [{"word": "b"}] * 40)


@pytest.mark.parametrize("make", [
    lambda: WriteText(None), lambda: WriteText(["a"]), lambda: WriteRecords("a", format="xml"),
    lambda: WriteRecords("a", "parquet"), lambda: WriteRecords("a", "jsonl", schema={"a": int}),
    lambda: WriteRecords("a", "parquet", schema=["a"]), lambda: WriteRecords("a", "parquet", schema={"a": object}),
])  # fmt: skip
def test_senseless_settings_are_refused(make):
    with pytest.raises(Refused):
        make()


def test_a_task_that_runs_again_does_not_double_its_items(tmp_path):
    run = ByHand(WriteText(tmp_path / "out"))
    lost = run.begin(0, 1)
    lost.process({"input": "lost"})
    run.instance(0, 1, ["a"])
    run.commit(run.instance(0, 1, ["a"]))
    assert files(tmp_path / "out") == {"part-00000": "a\n"}
    with pytest.raises(RunFailed, match="can't be written: No such file"):
        lost.postprocess()  # a task that was given up, and didn't hear of it
    assert files(tmp_path / "out") == {"part-00000": "a\n"} and os.listdir(tmp_path) == ["out"]


def test_a_task_of_an_earlier_run_cannot_get_into_a_later_one(tmp_path):
    pe = WriteText(tmp_path / "out")
    earlier = ByHand(pe)
    zombie, done = earlier.begin(0, 1), earlier.begin(1, 2)
    done.postprocess()
    earlier.folder.release()  # as if its process were gone
    later = ByHand(pe)
    part = later.instance(0, 1, ["right"])
    with pytest.raises(RunFailed):
        zombie.postprocess()
    late = earlier.instance(0, 1, ["wrong"])
    assert late.name in os.listdir(later.folder.attempts)
    later.commit(part)
    assert files(tmp_path / "out") == {"part-00000": "right\n"} and os.listdir(tmp_path) == ["out"]


def test_a_part_that_is_missing_or_cut_is_named(tmp_path):
    run = ByHand(WriteText(tmp_path / "out"))
    parts = [run.instance(rank, 3, ["a"]) for rank in range(3)]
    os.remove(f"{run.folder.attempts}/{parts[1].name}")
    with pytest.raises(RunFailed, match=r"lacks the part of instance 1: .* isn't there in .*that all workers share"):
        run.commit(*parts)
    Path(run.folder.attempts, parts[1].name).write_text("")
    with pytest.raises(RunFailed, match=r"lacks the part of instance 1: .* of 2 bytes, has 0 bytes in"):
        run.commit(*parts)
    assert not (tmp_path / "out").exists()
    run.folder.abort(keep=False)
    assert os.listdir(tmp_path) == []


def test_an_output_that_exists(tmp_path):
    pe = WriteText(tmp_path / "out")
    run = ByHand(pe, identity={"plan": "another"})
    run.commit(run.instance(0, 1, ["old"]))
    with pytest.raises(Refused, match=r"out of WriteText exists: give another folder, --overwrite .*, or --resume"):
        ByHand(pe)
    with pytest.raises(Refused, match=r"--resume goes on with .* was made from another plan .*: --overwrite starts"):
        ByHand(pe, resume=True)
    run = ByHand(pe, overwrite=True)
    run.instance(0, 1, ["new"])
    assert files(tmp_path / "out") == {"part-00000": "old\n"}
    run.folder.abort(keep=False)
    assert files(tmp_path / "out") == {"part-00000": "old\n"} and os.listdir(tmp_path) == ["out"]
    run = ByHand(pe, overwrite=True)
    run.commit(run.instance(0, 1, ["new"]))
    assert files(tmp_path / "out") == {"part-00000": "new\n"} and os.listdir(tmp_path) == ["out"]


def test_a_committed_output_that_was_changed_is_not_taken_for_whole(tmp_path):
    pe = WriteText(tmp_path / "out")
    run = ByHand(pe)
    run.commit(run.instance(0, 2, ["a"]), run.instance(1, 2, ["b"]))
    (tmp_path / "out" / "part-00001").write_text("bb\n")
    with pytest.raises(Refused, match="isn't as it was committed: part-00001 has another size. --overwrite starts"):
        ByHand(pe, resume=True)
    (tmp_path / "out" / "part-00001").unlink()
    with pytest.raises(Refused, match="isn't as it was committed: part-00001 is missing"):
        ByHand(pe, resume=True)
    assert os.listdir(tmp_path) == ["out"]


def test_what_is_put_there_while_a_run_is_at_work_is_left(tmp_path):
    run = ByHand(WriteText(tmp_path / "out"))
    part = run.instance(0, 1, ["new"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs").write_text("")
    with pytest.raises(RunFailed, match="can't be put in its place: something was put there"):
        run.commit(part)
    run.folder.abort(keep=False)
    assert os.listdir(tmp_path / "out") == ["theirs"]
    with pytest.raises(RunFailed, match="something was put there"):
        (resumed := ByHand(run.pe, resume=True)).folder.commit()
    resumed.folder.abort(keep=False)
    (tmp_path / "out" / "theirs").unlink()
    (tmp_path / "out").rmdir()
    resumed = ByHand(run.pe, resume=True)
    resumed.folder.commit()
    assert files(tmp_path / "out") == {"part-00000": "new\n"} and os.listdir(tmp_path) == ["out"]


def test_what_must_not_be_overwritten(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refused, match="file of WriteText must be a new folder; a file is there, which --overwrite does"
                                      "n't replace: give another folder, or move away what is there"):
        ByHand(WriteText(tmp_path / "file"), overwrite=True)
    with pytest.raises(Refused, match="can't be made"):
        ByHand(WriteText(tmp_path / "file" / "out"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for path in (".", "..", tmp_path, tmp_path / "here"):
        with pytest.raises(Refused, match="the folder you are in or one above it"):
            ByHand(WriteText(path), overwrite=True)
    assert sorted(os.listdir(tmp_path)) == ["file", "here"]


def test_a_folder_that_no_run_wrote_is_not_replaced(tmp_path):
    out = tmp_path / "out"
    for name in "thesis.doc", "a.txt", "sub/b.txt", "_SUCCESS", "c.txt":  # as Spark leaves it, empty
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("")
    says = (r"out of WriteText must be a new folder; a folder is there that no run of d4p wrote \(it holds _SUCCESS, "
            r"a.txt, c.txt and 2 more\), which --overwrite doesn't replace: give another folder")
    for options in {}, {"overwrite": True}:
        with pytest.raises(Refused, match=says):
            ByHand(WriteText(out), **options)
    with pytest.raises(Refused, match=r"no run of a program like this one finished it: .* Give another folder$"):
        ByHand(WriteText(out), resume=True)
    assert len(list(out.rglob("*"))) == 6 and os.listdir(tmp_path) == ["out"]
    (tmp_path / "empty").mkdir()
    run = ByHand(WriteText(tmp_path / "empty"), overwrite=True)
    run.commit(run.instance(0, 1, ["new"]))
    assert files(tmp_path / "empty") == {"part-00000": "new\n"}


def test_what_is_put_in_the_place_of_an_old_output_while_a_run_is_at_work_is_left(tmp_path):
    for _ in range(2):
        run = ByHand(WriteText(tmp_path / "out"), overwrite=True)
        part = run.instance(0, 1, ["new"])
        if not (tmp_path / "out").exists():
            run.commit(part)
    os.rename(tmp_path / "out", tmp_path / "mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs").write_text("")
    with pytest.raises(RunFailed, match="can't be put in its place: something was put there"):
        run.commit(part)
    assert os.listdir(tmp_path / "out") == ["theirs"]


def test_an_old_output_that_is_half_removed_does_not_come_back(tmp_path):
    """A run was killed while it tidied up, having put the new output in its place, which the user then moved away."""
    for text in "old", "new":
        run = ByHand(WriteText(tmp_path / "out"), overwrite=True)
        part = run.instance(0, 1, [text])
        if text == "old":
            run.commit(part)
    run.folder.decide({"": [part]}, run.identity, run.run)
    run.folder._tidy = lambda *paths: None
    run.folder.commit()
    (tmp_path / ".out.d4p-replaced" / "part-00000").unlink()
    os.remove(f"{run.folder.unfinished}/claim-1")
    os.rename(tmp_path / "out", tmp_path / "mine")
    run = ByHand(WriteText(tmp_path / "out"))
    run.commit(run.instance(0, 1, ["newer"]))
    assert files(tmp_path / "out") == {"part-00000": "newer\n"} and files(tmp_path / "mine")["part-00000"] == "new\n"
    assert sorted(os.listdir(tmp_path)) == ["mine", "out"]


def test_a_part_that_is_gone_after_all_was_put_in_place_is_named_and_nothing_is_tidied_up(tmp_path):
    run = ByHand(WriteText(tmp_path / "out"))
    parts = [run.instance(rank, 2, ["a"]) for rank in range(2)]
    run.folder.decide({"": parts}, run.identity, run.run)
    run.folder._tidy = lambda *paths: None
    run.folder.commit()
    (tmp_path / "out" / "part-00001").unlink()
    os.remove(f"{run.folder.unfinished}/claim-1")
    with pytest.raises(RunFailed, match="it was put there, and is changed since: part-00001 is missing. --overwrite"):
        ByHand(WriteText(tmp_path / "out"), resume=True).folder.commit()
    assert Path(run.folder.unfinished, "commit.json").exists()


def test_one_folder_has_one_writer(tmp_path):
    one, two = WriteText(tmp_path / "out"), WriteText(f"{tmp_path}/out/")
    run = ByHand(one)
    with pytest.raises(Refused, match=f"is being written by another run, process {os.getpid()} on "):
        ByHand(two)
    with pytest.raises(Refused, match="is being written by another run"):
        ByHand(two, overwrite=True)
    run.folder.abort(keep=False)
    ByHand(two).folder.abort(keep=False)
    assert os.listdir(tmp_path) == []


def test_what_a_killed_run_left_is_removed(tmp_path):
    script = f"import d4p, os; d4p.WriteText({str(tmp_path / 'out')!r}).begin_output(); os._exit(9)"
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(Path(d4p.__file__).parents[1])},
                   timeout=120)
    assert os.listdir(tmp_path) == [".out.d4p-unfinished"]
    run = ByHand(WriteText(tmp_path / "out"))
    run.commit(run.instance(0, 1, []))
    assert files(tmp_path / "out") == {"part-00000": ""} and os.listdir(tmp_path) == ["out"]


def test_a_folder_that_workers_do_not_share_is_said(tmp_path):
    run = ByHand(WriteText(tmp_path / "out"))
    os.rename(run.folder.attempts, tmp_path / "elsewhere")
    with pytest.raises(RunFailed, match="on a file system that it shares with all its workers"):
        run.instance(0, 1, [])


def test_a_graph_that_is_run_by_hand(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")

    def graph():
        made = WorkflowGraph()
        made.connect(ReadLines(tmp_path / "a.txt"), "output", WriteText(tmp_path / "out"), "input")
        return made

    process_and_return(graph())
    assert files(tmp_path / "out") == {"part-00000": "one\ntwo\n"}
    with pytest.raises(Refused, match="exists"):
        process_and_return(graph())
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "out"]


def test_writing_to_a_store_of_objects(tmp_path):
    """Where nothing is renamed at once, and a folder is only what names begin with."""
    fs = objects.at(tmp_path)
    pe = WriteText("objects://b/deep/out")
    with pytest.raises(RunFailed, match="on a file system that it shares with all its workers"):
        run = ByHand(pe)
        fs.rm_file("b/deep/.out.d4p-unfinished/attempts/.begun")
        run.instance(0, 1, [])
    run.folder.abort(keep=False)
    for overwrite in (False, True):
        run = ByHand(pe, overwrite=overwrite)
        parts = [run.instance(rank, 3, ["a"] * rank * (1 + overwrite)) for rank in range(3)]
        if overwrite:
            with pytest.raises(Refused, match="is being written by another run"):
                ByHand(pe, overwrite=True)
            assert read(ReadLines(pe.path)) == ["a"] * 3
        run.commit(*parts)
        assert sorted(objects.files(tmp_path)) == [
            f"b/deep/out/{name}" for name in ("_SUCCESS", "part-00000", "part-00001", "part-00002")]
    assert read(ReadLines(pe.path)) == ["a"] * 6
    with pytest.raises(Refused, match="out of WriteText exists: give another folder"):
        ByHand(pe)
    resumed = ByHand(pe, resume=True)
    assert resumed.folder.committed
    resumed.folder.release()
    fs.rm_file("b/deep/out/_SUCCESS")
    with pytest.raises(Refused, match=r"that no run of d4p wrote \(it holds part-00000, part-00001, part-00002\)"):
        ByHand(pe, overwrite=True)


def test_copying_that_fails_halfway_is_gone_on_with(tmp_path, monkeypatch):
    """Also over an old output with parts of the same sizes, and where the store can't copy by itself."""
    fs = objects.at(tmp_path)
    pe = WriteText("objects://b/out")
    old = ByHand(pe)
    old.commit(*(old.instance(rank, 5, ["old"]) for rank in range(5)))
    run = ByHand(pe, overwrite=True)
    parts = [run.instance(rank, 5, ["new"]) for rank in range(5)]
    copied = []

    def fails(store, source, dest):
        if len(copied) == 3:
            raise OSError(28, "No space left on device")
        copied.append(dest)
        raise NotImplementedError

    monkeypatch.setattr(objects.Objects, "cp_file", fails)
    run.folder.decide({"": parts}, run.identity, run.run)
    with pytest.raises(RunFailed, match="can't be put in its place: No space left on device"):
        run.folder.commit()
    run.folder.abort(keep=False)
    assert not fs.exists("b/out/_SUCCESS") and fs.exists("b/out/_UNFINISHED") and len(copied) == 3
    with pytest.raises(Refused, match="WriteText is there in part, since a run was killed while it put it there: give "
                                      "--resume to have the rest put there, --overwrite to start afresh, or another"):
        ByHand(pe)
    monkeypatch.undo()
    ByHand(pe, resume=True).folder.commit()
    assert read(ReadLines(pe.path)) == ["new"] * 5
    assert sorted(name.rpartition("/")[2] for name in objects.files(tmp_path)) == [
        "_SUCCESS", *(f"part-0000{rank}" for rank in range(5))]


@pytest.mark.parametrize("old", [0, 3])
def test_an_output_in_a_store_of_objects_is_whole_or_says_that_it_is_not(tmp_path, monkeypatch, old):
    """At each moment while one takes the place of another, or of none."""
    objects.at(tmp_path)
    pe, seen = WriteText("objects://b/out"), []
    for text, count in ("old", old), ("new", 2):
        if count:
            run = ByHand(pe, overwrite=True)
            parts = [run.instance(rank, count, [text]) for rank in range(count)]
            run.commit(*parts) if text == "old" else run.folder.decide({"": parts}, run.identity, run.run)

    def seeing(real):
        def done(*arguments):
            real(*arguments)
            there = {name.removeprefix("b/out/"): text for name, text in objects.files(tmp_path).items()
                     if name.startswith("b/out/")}
            says = [name for name in ("_UNFINISHED", "_SUCCESS") if there.pop(name, None) is not None]
            if says == ["_SUCCESS"]:
                assert there in ({f"part-{rank:05d}": "old\n" for rank in range(old)},
                                 {f"part-{rank:05d}": "new\n" for rank in range(2)})
            else:
                assert "_UNFINISHED" in says or not there
            seen.append((*says, *there))

        return done

    for name in ("put_object", "rm_file"):
        monkeypatch.setattr(objects.Objects, name, seeing(getattr(objects.Objects, name)))
    run.folder.commit()
    assert seen[-1] == ("_SUCCESS", "part-00000", "part-00001") and len(seen) > 5


def test_putting_in_place_what_was_only_begun_to_be_is_gone_on_with(tmp_path):
    """Its run was killed just then."""
    fs = objects.at(tmp_path)
    run = ByHand(WriteText("objects://b/out"))
    run.folder.decide({"": [run.instance(0, 1, ["new"])]}, run.identity, run.run)
    fs.pipe_file("b/out/_UNFINISHED", b"")
    run.folder.commit()
    assert objects.files(tmp_path)["b/out/part-00000"] == "new\n" and not fs.exists("b/out/_UNFINISHED")


def test_writing_to_a_url():
    fs = pytest.importorskip("fsspec").filesystem("memory")
    for overwrite in (False, True):
        run = ByHand(WriteText("memory://written/out"), overwrite=overwrite)
        parts = run.instance(0, 2, ["a"]), run.instance(1, 2, ["b"])
        assert fs.exists("/written/out") == overwrite
        run.commit(*parts)
        assert sorted(fs.find("/written")) == [f"/written/out/{n}" for n in ("_SUCCESS", "part-00000", "part-00001")]
    assert read(ReadLines("memory://written/out")) == ["a", "b"]
    assert ByHand(WriteText("memory://written/out"), resume=True).folder.committed
