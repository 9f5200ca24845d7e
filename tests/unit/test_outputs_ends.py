"""The ends of an output's life that are seldom come by: one of several that is there already, items that were left out,
copies that went wrong, and what is asked of a store."""

from __future__ import annotations

import errno
import json
import os
import re
from types import SimpleNamespace

import pytest

from d4p import WriteText
from d4p.commit import claim
from d4p.commit.folder import Folder
from d4p.commit.replace import stranger, what_it_would_take
from d4p.commit.run import Outputs
from d4p.commit.unwritten import Unwritten
from d4p.errors import Refused, RunFailed, WorkerLost
from d4p.filesystems import Local, reads
from d4p.graph.policies import DeadLetter, Retry, Skip
from d4p.outputs import written
from d4p.outputs.instance import InstanceOutputs
from d4p.outputs.part import Part, Place
from d4p.outputs.store import Store, dumped
from d4p.outputs.writing import Writing

from . import objects
from .byhand import IDENTITY, ByHand, files
from .test_claim import claim_of
from .test_outputs_run import Made, Run, Sink, lines, workflow


def test_of_two_outputs_the_one_that_is_there_is_left_and_the_other_is_made(tmp_path):
    run = Run(tmp_path)
    report = run.write(0, 1)
    run.outputs.commit([report])
    os.rename(tmp_path / "out", tmp_path / "elsewhere")
    first = (tmp_path / "text" / "_SUCCESS").stat().st_ino
    run = Run(tmp_path, resume=True)
    assert run.runs and list(run.writing.places) == [("TwoResults", "a b"), ("TwoResults", "a/b")]
    made, _, puts = run.instance(0, 1)
    for put in puts:
        put(7)
    made.finish()
    run.outputs.commit([{"instance": 0, **made.report()}])
    assert [lines(folder) for folder in sorted((tmp_path / "out").glob("T*"))] == [["7"], ["7"]]
    assert lines(tmp_path / "text") == ["line 0"] and (tmp_path / "text" / "_SUCCESS").stat().st_ino == first


def test_how_many_items_were_left_out_is_known_to_whoever_comes_back(tmp_path):
    """Whether the output is in its place, or was only decided when its run was killed."""
    assert Outputs(workflow((Made(), Sink())), None, []).missing == 0
    run = Run(tmp_path)
    run.outputs.commit([run.write(0, 1)], missing=3)
    assert Run(tmp_path, resume=True).outputs.missing == 3
    (tmp_path / "none").mkdir()
    run = Run(tmp_path / "none")
    run.outputs.commit([run.write(0, 1)])
    assert Run(tmp_path / "none", resume=True).outputs.missing == 0
    decided = ByHand(WriteText(tmp_path / "decided"))
    decided.folder.decide({"": [decided.instance(0, 1, ["a"])]}, decided.identity, decided.run, missing=2)
    decided.folder.release()
    again = ByHand(WriteText(tmp_path / "decided"), resume=True)
    assert again.folder.missing == 2
    again.folder.release()
    file = tmp_path / ".decided.d4p-unfinished" / "commit.json"
    left = json.loads(file.read_text())
    del left["missing"]
    file.write_text(json.dumps(left))
    again = ByHand(WriteText(tmp_path / "decided"), resume=True)
    assert again.folder.missing == 0
    again.folder.commit()


@pytest.mark.parametrize(("results", "output", "spooled", "runs"), [
    ([], "out", True, False), ([("Made", "output")], None, True, False), ([("Made", "output")], "out", False, False),
    ([("Made", "output")], "out", True, True),
])  # fmt: skip
def test_whether_there_is_something_to_run_where_all_is_written(tmp_path, results, output, spooled, runs):
    def outputs(**more):
        flow = workflow((Made(), WriteText(tmp_path / "text")))
        return Outputs(flow, output and str(tmp_path / output), results, spooled=spooled, **more)

    first = outputs()
    assert first.begin(lambda: IDENTITY)
    instance = InstanceOutputs(first.writing(), 0, 1, True)
    pe = WriteText(tmp_path / "text")
    instance.writer("WriteText", pe)
    pe.preprocess()
    pe.postprocess()
    for name, port in results:
        instance.result(name, Made(), port, lambda name, port: None)
    instance.finish()
    first.commit([{"instance": 0, **instance.report()}])
    assert outputs(resume=True).begin(lambda: IDENTITY) is runs


@pytest.mark.parametrize("left", ["replaced", "whole", "commit.json", ""])
def test_an_old_output_comes_back_only_from_between_two_renames(tmp_path, left):
    """Of what a killed run leaves there one thing is missing."""
    for name in ("replaced", "unfinished/whole", "unfinished/commit.json"):
        if not left or not name.endswith(left):
            path = tmp_path / f".out.d4p-{name}"
            path.parent.mkdir(exist_ok=True)
            path.write_text("{}") if name.endswith(".json") else path.mkdir()
    if left:
        run = ByHand(WriteText(tmp_path / "out"))
        assert not (tmp_path / "out").exists()
        run.commit(run.instance(0, 1, ["new"]))
    else:
        Folder(str(tmp_path / "out"), "").look({}, overwrite=True, resume=False)
        assert (tmp_path / "out").exists()


def test_what_is_in_its_place_claims_nothing_any_more(tmp_path):
    run = ByHand(WriteText(tmp_path / "out"))
    run.folder.beat()
    assert (tmp_path / ".out.d4p-unfinished" / "claim-1.beat").exists()
    run.commit(run.instance(0, 1, ["a"]))
    run.folder.beat()
    next_run = ByHand(WriteText(tmp_path / "out"), overwrite=True)
    run.folder.release()
    run.folder.abort(keep=False)
    next_run.commit(next_run.instance(0, 1, ["b"]))
    assert files(tmp_path / "out") == {"part-00000": "b\n"}


def test_results_that_no_file_name_tells_apart_are_numbered(tmp_path):
    results = [("Made", port) for port in ("a b", "a/b", "a:b", "a*b")]
    (folder,) = Outputs(workflow((Made(), Sink())), str(tmp_path / "out"), results).folders
    stem = folder.subs[0]
    assert folder.subs == (stem, f"{stem}-2", f"{stem}-3", f"{stem}-4")


def test_the_names_of_an_output_are_on_the_disk_before_it_has_its_own(tmp_path, monkeypatch):
    done, sync, rename = [], Store.sync_folder, Store.rename
    monkeypatch.setattr(Store, "sync_folder", lambda store, path: (done.append(f"sync {path}"), sync(store, path)))
    monkeypatch.setattr(Store, "rename", lambda store, one, to: (done.append(f"to {to}"), rename(store, one, to)))
    run = Run(tmp_path)
    report = run.write(0, 1)
    done.clear()
    run.outputs.commit([report])
    whole = run.outputs.folders[1].whole
    subs = [f"{whole}/{sub}" for sub in run.outputs.folders[1].subs]
    place = done.index(f"to {tmp_path / 'out'}")
    for sub in subs:
        assert done.index(f"to {sub}/part-00000.jsonl") < done.index(f"sync {sub}") < place
    assert done.index(f"to {whole}/_SUCCESS") < done.index(f"sync {whole}") < place
    assert f"sync {tmp_path}" in done[place:]


def test_whoever_lets_go_removes_claims_alone(tmp_path):
    """Also where one of a run that is gone was there before."""
    store, folder = Store(str(tmp_path)), str(tmp_path / "unfinished")
    first = claim.take(store, folder, "run 1", "out")
    who = json.loads(store.read(first.path) or b"") | {"pid": 1 << 22}
    store.write(first.path, json.dumps(who).encode())
    second = claim.take(store, folder, "run 2", "out")
    store.write(f"{folder}/run.json", b"{}")
    second.release()
    assert sorted(store.sizes(folder)) == ["run.json"]


def test_an_output_of_another_run_that_was_put_there_meanwhile_is_left(tmp_path):
    """Where this one wasn't to replace any."""
    other = ByHand(WriteText(tmp_path / "other"))
    other.commit(other.instance(0, 1, ["theirs"]))
    assert "missing" not in json.loads((tmp_path / "other" / "_SUCCESS").read_text())
    run = ByHand(WriteText(tmp_path / "out"))
    part = run.instance(0, 1, ["mine"])
    os.rename(tmp_path / "other", tmp_path / "out")
    with pytest.raises(RunFailed, match="something was put there while the run was at work"):
        run.commit(part)
    assert files(tmp_path / "out") == {"part-00000": "theirs\n"}


def test_what_would_go_with_an_output_is_told(tmp_path):
    """Its input, above it, in it, or itself; and the folder that one is in."""
    here = f"file://{os.path.realpath(tmp_path)}"
    for read, says in {f"{here}/out": "is what read reads", f"{here}/out/in/a.txt": f"holds {here}/out/in/a.txt, which "
                        "read reads", here: f"lies in {here}, which read reads", f"{here}/out2": ""}.items():
        store = Store(str(tmp_path / "out"))
        assert what_it_would_take(store, store.path, [("read", read)]) == says
    store = Store(os.path.dirname(os.getcwd()))
    assert what_it_would_take(store, store.path, []) == "is the folder you are in or one above it"


@pytest.mark.parametrize(("names", "says"), [
    ([], ""), (["_UNFINISHED", "x"], ""), (["c", "a", "b"], "(it holds a, b, c)"),
    (["d", "c", "a", "b"], "(it holds a, b, c and 1 more)"),
])  # fmt: skip
def test_what_is_no_output_is_told(tmp_path, names, says):
    for name in names:
        (tmp_path / name).touch()
    found = stranger(Store(str(tmp_path)), str(tmp_path))
    assert found == (says and f"a folder is there that no run of d4p wrote {says}")


def test_items_that_are_set_aside_go_to_the_folders_of_their_policies(tmp_path):
    """PEs may share one; also behind another policy."""
    source, pes = Made(), [Sink() for _ in range(4)]
    made = workflow(*((source, pe) for pe in pes))
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    made.policies = {"Sink1": DeadLetter(first), "Sink2": Retry(2, then=DeadLetter(second)), "Sink3": Skip(),
                     "Sink4": DeadLetter(first)}
    outputs = Outputs(made, None, [])
    assert [(folder.path, folder.of) for folder in outputs.folders] == [(first, "Sink1, Sink4"), (second, "Sink2")]
    assert outputs.begin(lambda: IDENTITY)
    writing = outputs.writing()
    assert not writing.spooled and not writing.watched and writing.program == ""
    instance = InstanceOutputs(writing, 0, 1, True)
    for name in ("Sink1", "Sink2", "Sink3", "Sink4"):
        instance.letters(name, {"pe": name})({"item": 7})
    assert instance.kept_counts() == ({}, {})
    instance.finish()
    outputs.commit([{"instance": 0, **instance.report()}])
    found = {str(part.relative_to(tmp_path)): json.loads(part.read_text()) for part in tmp_path.rglob("part-*")}
    assert found == {f"{folder}/{name}.letters/part-00000.jsonl": {"item": 7, "pe": name} for folder, name in
                     [("first", "Sink1"), ("first", "Sink4"), ("second", "Sink2")]}


@pytest.mark.parametrize(("resume", "error", "stay"), [
    (True, KeyboardInterrupt, True), (True, Refused, True), (False, KeyboardInterrupt, False), (False, Refused, True),
])  # fmt: skip
def test_what_an_earlier_run_completed_where_the_next_one_cannot_begin(tmp_path, monkeypatch, resume, error, stay):
    run, prepare = Run(tmp_path), Folder.prepare
    run.write(0)
    run.outputs.abort(WorkerLost("lost"))

    def fails(folder, *arguments):
        if folder.of == "":
            raise error
        prepare(folder, *arguments)

    monkeypatch.setattr(Folder, "prepare", fails)
    with pytest.raises(error):
        Run(tmp_path, resume=resume)
    assert len([*tmp_path.glob(".text.d4p-unfinished/attempts/part-*")]) == resume
    assert len([*tmp_path.glob(".out.d4p-unfinished/attempts/*/part-*")]) == 2 * stay
    assert not [*tmp_path.rglob("claim-*")]


@pytest.mark.parametrize("step", ["prepare", "decide", "commit", "abort"])
def test_a_run_that_lost_its_claim_changes_nothing_any_more(tmp_path, step):
    run = ByHand(WriteText(tmp_path / "out"))
    parts = {"": [run.instance(0, 1, ["a"])]}
    if step == "commit":
        run.folder.decide(parts, run.identity, run.run)
    claim_of(run.folder.unfinished, 2, run="theirs")
    before = sorted(tmp_path.rglob("*"))
    if step == "prepare":
        with pytest.raises(Refused, match="by another run at the same time"):
            run.folder.prepare(run.identity, run.run)
    elif step == "abort":
        run.folder.abort(keep=False)
    else:
        with pytest.raises(RunFailed, match="isn't this run's any more: another, process .*, has taken over"):
            run.folder.decide(parts, run.identity, run.run) if step == "decide" else run.folder.commit()
    assert sorted(tmp_path.rglob("*")) == before


def refused(*arguments, **more):
    raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize("step", ["commit", "release", "committed", "abort"])
def test_what_can_not_be_tidied_up_is_left(tmp_path, monkeypatch, step):
    """It is hidden, and the next run tries again."""
    run = ByHand(WriteText(tmp_path / "out"))
    run.folder.decide({"": [run.instance(0, 1, ["a"])]}, run.identity, run.run)
    if step == "committed":
        run.folder.committed = True
    monkeypatch.setattr(Store, "check_own" if step == "abort" else "remove_own", refused)
    monkeypatch.setattr(claim.Claim, "release", refused)
    if step == "commit":
        run.folder.commit()
        assert files(tmp_path / "out") == {"part-00000": "a\n"}
    elif step == "abort":
        run.folder.abort(keep=False)
    else:
        run.folder.release()
    assert (tmp_path / ".out.d4p-unfinished" / "run.json").exists()


def test_a_copy_that_went_wrong_is_no_output(tmp_path, monkeypatch):
    """Where a store says that it copied, and has less."""
    fs = objects.at(tmp_path)
    run = ByHand(WriteText("objects://b/out"))
    part = run.instance(0, 1, ["some"])
    monkeypatch.setattr(Store, "copy", lambda store, source, dest: store.write(dest, b"so"))
    with pytest.raises(RunFailed, match="can't be put in its place: copying its parts went wrong: part-00000 has "
                                        "another size. --resume copies them again$"):
        run.commit(part)
    assert not fs.exists("b/out/_SUCCESS")
    run.folder.abort(keep=False)
    monkeypatch.undo()
    ByHand(WriteText("objects://b/out"), resume=True).folder.commit()
    assert fs.cat_file("b/out/part-00000") == b"some\n"


def test_a_store_that_counts_a_folder_among_what_is_in_it():
    store = Store("/tmp")
    store.fs = SimpleNamespace(
        invalidate_cache=lambda: None,
        ls=lambda folder, detail: [{"name": "0b/out0/", "size": 0}, {"name": "0b/out0/part", "size": 4}])
    assert store.sizes("/0b/out0") == {"part": 4}


@pytest.mark.parametrize("url", ["{}/b", "objects://b"])
def test_a_folder_is_cleared_but_for_what_is_to_be_kept(tmp_path, url):
    objects.at(tmp_path)
    store = Store(url.format(tmp_path))
    for name in ("claim-1", "run.json", "attempts/x", "attempts/y"):
        store.makedirs(f"{store.path}/attempts")
        store.write(f"{store.path}/{name}", b"")
    store.clear(store.path, "attempts", "x".__eq__)
    assert list(store.sizes(f"{store.path}/attempts")) == ["x"] and len(store.sizes(store.path)) == 3
    store.clear(store.path, keep=lambda name: name.startswith("claim-"))
    assert list(store.sizes(store.path)) == ["claim-1"]
    store.clear(store.path)
    assert store.sizes(store.path) == {}


@pytest.mark.parametrize(("given", "path"), [("/a/b/", "/a/b"), ("/a/b0", "/a/b0"), ("/", "/")])
def test_a_path_of_another_store_has_no_slash_at_its_end_but_for_its_root(monkeypatch, given, path):
    monkeypatch.setattr("d4p.outputs.store.locate", lambda url: (SimpleNamespace(atomic=False), given))
    assert Store("hdfs:").path == path


def test_a_folder_that_was_waited_for_is_closed(tmp_path, monkeypatch):
    opened, real = [], os.open
    monkeypatch.setattr(os, "open", lambda *given: opened.append(real(*given)) or opened[-1])
    Store(str(tmp_path)).sync_folder(str(tmp_path))
    (number,) = opened
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


@pytest.mark.parametrize("sync", [True, False])
def test_a_file_is_waited_for_where_that_is_asked(tmp_path, monkeypatch, sync):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_ino))
    Store(str(tmp_path)).write(str(tmp_path / "file"), b"some", sync=sync)
    assert synced == [(tmp_path / "file").stat().st_ino] * sync


def test_what_tells_nothing_is_not_waited_for(tmp_path, monkeypatch):
    """A file by which instances see that they look where the program does: one for each result."""
    synced: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda number: synced.add(os.fstat(number).st_ino))
    run = Run(tmp_path)
    begun = {path.stat().st_ino for path in tmp_path.rglob(".begun")}
    run.outputs.abort(RunFailed("x"))
    assert len(begun) == 3 and synced and not begun & synced


@pytest.mark.parametrize(("of", "what"), [("", "--output"), ("WriteText1", "the output of WriteText1")])
def test_an_output_without_a_name_is_not_the_folder_that_one_is_in(of, what):
    with pytest.raises(Refused, match=f"^{what} must be the path of a new folder; it is empty$"):
        Folder("", of)


@pytest.mark.parametrize("written", [[], ["writer"], ["result"], ["writer", "result"]])
@pytest.mark.parametrize("resume", [False, True])
def test_whether_resume_was_to_keep_something_of_an_instance(tmp_path, written, resume):
    keys = {"writer": ("WriteText", None), "result": ("Made", "output")}
    places = {keys[each]: Place(str(tmp_path), "out", "") for each in written}
    made = InstanceOutputs(Writing("run", places, spooled=False, resume=resume), 0, 1, True)
    made.writer("WriteText", WriteText(tmp_path))
    made.result("Made", Made(), "output", None)
    assert made.asked is (resume and written != [])


def test_files_that_tell_of_an_output_can_be_read_by_people():
    assert dumped({"run": 1, "parts": [2]}) == b'{\n "parts": [\n  2\n ],\n "run": 1\n}\n'


def test_notes_that_can_not_be_written_fail_the_run(tmp_path, monkeypatch):
    run = Run(tmp_path)
    made, *_ = run.instance(0)
    monkeypatch.setattr(Writing, "keep_notes", refused)
    with pytest.raises(RunFailed, match="^notes of what was read can't be written: Permission denied$"):
        made.finish()
    run.outputs.abort(RunFailed("x"))


def test_notes_of_what_was_read_lie_with_each_output(tmp_path, monkeypatch):
    begun, notes = [], [["file", "file:///a", [1, 2]]]
    monkeypatch.setattr(reads, "begin", lambda *given: begun.append(given))
    monkeypatch.setattr(reads, "taken", lambda: [notes.pop()] if notes else [])
    Writing("run", own=("own",)).begin_notes()
    Writing("run", own=("own",)).keep_notes()
    assert begun == [] and notes
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        folder.mkdir()
    writing = Writing("run", reads=tuple(map(str, folders)), watched=True, own=("own",), program="program")
    writing.begin_notes()
    assert begun == [("run", ("own",), True, "program")]
    for _ in range(2):  # there is nothing more to be told the second time
        writing.keep_notes()
        for folder in folders:
            (file,) = folder.iterdir()
            assert re.fullmatch("[0-9a-f]{12}.json", file.name)
            assert written.reads(Store(str(folder)), str(file)) == [["file", "file:///a", [1, 2]]]


def test_a_run_that_writes_nothing(tmp_path):
    flow = workflow((Made(), Sink()))
    flow.writing = Writing(on_error=("Sink=skip",))
    outputs = Unwritten(flow, resume=False, spooled=False, program="folder")
    assert outputs.begin(lambda: {}) is True and outputs.missing == 0 and outputs.notes == outputs.written == []
    assert outputs.writing() == Writing(outputs.run, spooled=False, program="folder", on_error=("Sink=skip",))
    with outputs.beating():
        outputs.commit([{"instance": 0}], 0)
    outputs.abort(RunFailed("x"))
    with pytest.raises(Refused, match="this one writes nothing: it has no writer among its PEs, and no --output$"):
        Unwritten(flow, resume=True, spooled=False, program="folder").begin(dict)


def test_small_things():
    assert Part(3, 5, "run.1", 7, 70).name == "part-00003.of-5.run.1.7.70"
    assert Writing(log="log.txt").recorded is True and Writing().recorded is False
    assert Writing().spooled and not any((*Writing().own, Writing().program, Writing().watched, Writing().resume))
    assert isinstance(Store("/tmp").fs, Local)


def test_what_a_machine_does_not_tell_is_empty(tmp_path):
    """Without /proc, say: a process is known by its number alone."""
    (tmp_path / "line").write_text("first \nsecond")
    assert claim._line(str(tmp_path / "line")) == "first" and claim._line(str(tmp_path / "none")) == ""


def test_a_lost_worker_leaves_what_is_complete_of_each_output(tmp_path):
    run = Run(tmp_path)
    run.write(0)
    run.outputs.abort(WorkerLost("lost"))
    again = Run(tmp_path, resume=True)
    assert [len(folder.kept) for folder in again.outputs.folders] == [1, 2]
    again.outputs.abort(RunFailed("x"))
