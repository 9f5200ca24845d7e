"""What --resume goes on with, and what it doesn't: by hand, step by step."""

from __future__ import annotations

import errno
import json
import os
import shutil

import pytest

import d4p_compile
from d4p import WriteText
from d4p.commit.replace import within
from d4p.errors import Refused, RunFailed
from d4p.outputs.store import Store

from .byhand import IDENTITY, ByHand, files


def killed(place, *parts: list[str]) -> ByHand:
    """A run that was killed when these instances of three had written their parts."""
    run = ByHand(WriteText(place))
    for rank, items in enumerate(parts):
        run.instance(rank, 3, items)
    run.folder.release()
    return run


def kept(run: ByHand) -> list[str]:
    return [name.split(".")[0] for name in run.folder.kept[""]]


@pytest.mark.parametrize(("other", "says"), [
    ({"plan": "q"}, "another plan"), ({"code": "d"}, "other code of the workflow"),
    ({"inputs": "j"}, r"other items for its roots \(-i, -d, -f or --limit\)"),
    ({"files": {"Read0": "x"}}, "other files for Read0"),
])  # fmt: skip
def test_an_unfinished_run_of_something_else_is_refused_and_stays(tmp_path, other, says):
    killed(tmp_path / "out", ["a"], ["b"])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(Refused, match=f"--resume goes on with .* was made from {says}.*: --overwrite starts afresh"):
        ByHand(WriteText(tmp_path / "out"), resume=True, identity=IDENTITY | other)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before
    run = ByHand(WriteText(tmp_path / "out"), resume=True)
    assert kept(run) == ["part-00000", "part-00001"]
    run.folder.release()


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_a_part_whose_file_is_cut_short_is_made_again(tmp_path, cut):
    killed(tmp_path / "out", ["aaa"], ["bbb"])
    (part,) = (tmp_path / ".out.d4p-unfinished" / "attempts").glob("part-00001*")
    part.write_bytes(part.read_bytes()[:cut])
    run = ByHand(WriteText(tmp_path / "out"), resume=True)
    assert kept(run) == ["part-00000"] and not part.exists()
    (earlier,) = run.folder.places()[""].of_earlier(0, 3).values()
    run.commit(earlier, run.instance(1, 3, ["b"]), run.instance(2, 3, ["c"]))
    assert files(tmp_path / "out") == {"part-00000": "aaa\n", "part-00001": "b\n", "part-00002": "c\n"}


def test_the_old_output_is_put_back_where_the_new_one_cannot_be_put_there(tmp_path, monkeypatch):
    first = ByHand(WriteText(tmp_path / "out"))
    first.commit(first.instance(0, 1, ["old"]))
    run, rename = ByHand(WriteText(tmp_path / "out"), overwrite=True), Store.rename

    def fails(store, source, dest):
        if source.endswith("/whole"):
            raise OSError(5, "Input/output error")
        rename(store, source, dest)

    monkeypatch.setattr(Store, "rename", fails)
    with pytest.raises(RunFailed, match="can't be put in its place: Input/output error"):
        run.commit(run.instance(0, 1, ["new"]))
    assert files(tmp_path / "out") == {"part-00000": "old\n"} and not (tmp_path / ".out.d4p-replaced").exists()
    monkeypatch.undo()
    run.folder.abort(keep=False)  # what was decided stays
    resumed = ByHand(WriteText(tmp_path / "out"), resume=True)
    resumed.folder.commit()
    assert files(tmp_path / "out") == {"part-00000": "new\n"} and os.listdir(tmp_path) == ["out"]


def test_within():
    assert within("file:///a/out", "file:///a/out") and within("file:///a/out/b", "file:///a/out")
    assert within("file:///a/out/b", "file:///a/out/") and within("hdfs://n:1/a", "hdfs://n:1")
    assert not within("file:///a/out2", "file:///a/out") and not within("file:///a/out", "file:///a/out2")
    assert not within("file:///a", "file:///a/out") and not within("hdfs://n:1/a", "hdfs://n:12/a")


def test_outputs_whose_names_begin_alike_are_two(tmp_path):
    for name in ("out", "out2"):
        run = ByHand(WriteText(tmp_path / name))
        run.commit(run.instance(0, 1, [name]))
    killed(tmp_path / "out3", ["x"])
    for name in ("out", "out2"):
        assert files(tmp_path / name) == {"part-00000": f"{name}\n"}


@pytest.mark.parametrize("somebody", [False, True])
def test_why_it_cannot_be_put_there_is_said_where_there_was_nothing_to_put_back(tmp_path, monkeypatch, somebody):
    """Also where somebody else has made a folder of the name meanwhile, which stays."""
    run, rename = ByHand(WriteText(tmp_path / "out"), overwrite=True), Store.rename
    if somebody:
        run.commit(run.instance(0, 1, ["old"]))
        run = ByHand(WriteText(tmp_path / "out"), overwrite=True)

    def fails(store, source, dest):
        if source.endswith("/whole"):
            if somebody:
                (tmp_path / "out").mkdir()
            raise OSError(5, "Input/output error")
        rename(store, source, dest)

    monkeypatch.setattr(Store, "rename", fails)
    with pytest.raises(RunFailed, match="can't be put in its place: Input/output error"):
        run.commit(run.instance(0, 1, ["new"]))
    assert (tmp_path / "out").exists() == somebody == (tmp_path / ".out.d4p-replaced").exists()
    run.folder.release()
    monkeypatch.undo()
    if somebody:
        with pytest.raises(Refused, match="out of WriteText.* exists: give another folder, --overwrite"):
            ByHand(WriteText(tmp_path / "out"))


def test_parts_are_moved_one_after_the_other_where_files_are_elsewhere(tmp_path, monkeypatch):
    """As on HDFS: renaming is atomic, and the folder isn't of this machine."""
    made = Store.__init__

    def elsewhere(store, url):
        made(store, url)
        store.local = False
        store.url = lambda path: f"file://{path}"

    monkeypatch.setattr(Store, "__init__", elsewhere)
    run = ByHand(WriteText(tmp_path / "out"))
    run.commit(run.instance(0, 2, ["a"]), run.instance(1, 2, ["b"]))
    assert files(tmp_path / "out") == {"part-00000": "a\n", "part-00001": "b\n"} and os.listdir(tmp_path) == ["out"]


def test_what_somebody_else_put_there_meanwhile_is_left_alone(tmp_path):
    killed(tmp_path / "out", ["a"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious").write_text("precious")
    with pytest.raises(Refused, match="out of WriteText.* exists, and no run of a program like this one finished it"):
        ByHand(WriteText(tmp_path / "out"), resume=True)
    assert (tmp_path / "out" / "precious").read_text() == "precious"


def test_what_was_half_removed_is_not_put_back(tmp_path):
    """A run was killed while it tidied up, and its output is moved away."""
    for folder in (".out.d4p-replaced", ".out.d4p-unfinished/whole"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "part-00000").write_text("old\n")
    run = ByHand(WriteText(tmp_path / "out"))
    run.commit(run.instance(0, 1, ["new"]))
    assert files(tmp_path / "out") == {"part-00000": "new\n"} and os.listdir(tmp_path) == ["out"]


def test_what_is_there_in_part_is_gone_on_with_or_replaced(tmp_path):
    run = ByHand(WriteText(tmp_path / "out"))
    run.commit(run.instance(0, 1, ["old"]))
    os.rename(tmp_path / "out" / "_SUCCESS", tmp_path / "out" / "_UNFINISHED")
    with pytest.raises(Refused, match="is there in part, .*: give --resume to have the rest put there, --overwrite"):
        ByHand(WriteText(tmp_path / "out"))
    run = ByHand(WriteText(tmp_path / "out"), overwrite=True)
    run.commit(run.instance(0, 1, ["new"]))
    assert files(tmp_path / "out") == {"part-00000": "new\n"}


def test_an_output_made_of_a_file_that_has_changed_is_refused(tmp_path):
    """What PEs read by themselves is remembered by the output, whether it was put in its place or only decided."""
    read = tmp_path / "gain.csv"
    read.write_text("1")
    note = ["file", f"file://{read}", [1, read.stat().st_mtime_ns]]
    for decided in (False, True):
        run = ByHand(WriteText(tmp_path / f"out{decided}"))
        run.folder.store.write(f"{run.folder.reads}/1.json", json.dumps({"notes": [note, note]}).encode())
        run.folder.decide({"": [run.instance(0, 1, ["a"])]}, run.identity, run.run)
        if decided:
            run.folder.release()
        else:
            run.folder.commit()
    for decided in (False, True):
        run = ByHand(WriteText(tmp_path / f"out{decided}"), resume=True)
        assert run.folder.compared == 1
        run.folder.release()
    read.write_text("23")
    for decided in (False, True):
        with pytest.raises(Refused, match=r"was made from other files that its PEs read: .*gain.csv \(another size"):
            ByHand(WriteText(tmp_path / f"out{decided}"), resume=True)


WORKFLOW = """
from d4p import ProducerPE, WorkflowGraph, WriteText
from sub.helper import value

class Number(ProducerPE):
    def _process(self, inputs):
        return value()

graph = WorkflowGraph()
graph.connect(Number(), "output", WriteText("out"), "input")
"""


def test_a_helper_module_that_was_changed_is_other_code(tmp_path, monkeypatch):
    """Also where it only lies in a folder beside the workflow; for an output that is whole, and for one that isn't."""
    monkeypatch.chdir(tmp_path)
    helper = tmp_path / "sub" / "helper.py"
    helper.parent.mkdir()
    helper.write_text("def value():\n    return 1\n")
    (tmp_path / "helped.py").write_text(WORKFLOW)
    d4p_compile.run("helped.py")
    unfinished = tmp_path / ".out.d4p-unfinished"
    success = json.loads((tmp_path / "out" / "_SUCCESS").read_text())
    helper.write_text("def value():\n    return 2\n")
    for whole in (True, False):
        if not whole:
            shutil.rmtree(tmp_path / "out")
            unfinished.mkdir()
            (unfinished / "run.json").write_text(json.dumps({"identity": success["identity"], "replace": False}))
        with pytest.raises(Refused, match="--resume goes on with .* was made from other code of the workflow: --over"):
            d4p_compile.run("helped.py", options=["--resume"])
    helper.write_text("def value():\n    return 1\n")
    d4p_compile.run("helped.py", options=["--resume"])
    assert files(tmp_path / "out") == {"part-00000": "1\n"}


@pytest.mark.parametrize("how", [{}, {"overwrite": True}, {"resume": True}])
def test_what_can_not_be_read_is_refused(how, tmp_path, monkeypatch):
    def exists(self, path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Store, "exists", exists)
    with pytest.raises(Refused, match=r"out of WriteText can't be read: Permission denied$"):
        ByHand(WriteText(tmp_path / "out"), **how)
