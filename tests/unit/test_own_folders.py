"""Hidden folders whose names anyone can guess: a link, a folder of another's, or something else there is never used,
emptied or removed, neither before a run nor where it is put there while the run is at work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from d4p import WriteText
from d4p.errors import Refused, RunFailed
from d4p.filesystems import own
from d4p.outputs.store import Store
from d4p_compile.bundle.folder import FILES, claimed

from .byhand import ByHand, files

HIDDEN = [".out.d4p-unfinished", ".out.d4p-replaced"]


@pytest.fixture
def victim(tmp_path):
    """A folder with what nobody may lose."""
    folder = tmp_path / "victim"
    (folder / "attempts").mkdir(parents=True)
    (folder / "whole").mkdir()
    for name in ("precious", "attempts/precious", "whole/precious"):
        (folder / name).write_text("precious")
    return folder


def whole(victim: Path) -> bool:
    found = sorted(p.relative_to(victim).as_posix() for p in victim.rglob("*"))
    return found == ["attempts", "attempts/precious", "precious", "whole", "whole/precious"]


def run(place: Path, **options: bool) -> None:
    by_hand = ByHand(WriteText(place), **options)
    by_hand.commit(by_hand.instance(0, 1, ["a"]))


def bundle(place: Path, overwrite: bool = False, resume: bool = False) -> None:
    with claimed(place, overwrite):
        raise AssertionError("it was claimed")


@pytest.fixture
def as_another(monkeypatch):
    """From now on this process is another user."""
    monkeypatch.setattr(own.os, "geteuid", lambda: 4242)
    monkeypatch.setattr(own, "_owner_of_new", lambda folder: 4242)


WAYS = [({}, False), ({"overwrite": True}, True), ({"resume": True}, True)]


@pytest.mark.parametrize(("make", "hidden"), [(run, HIDDEN[0]), (run, HIDDEN[1]), (bundle, HIDDEN[0])])
@pytest.mark.parametrize(("what", "says"), [
    (lambda at, victim: at.symlink_to(victim), "it is a link: move it away, or give another folder"),
    (lambda at, victim: at.symlink_to("nowhere"), "it is a link: move it away"),
    (lambda at, victim: at.write_text("mine"), "it is a file: move it away"),
])  # fmt: skip
def test_what_is_no_folder_is_refused(make, hidden, what, says, tmp_path, victim):
    for options, there in WAYS:
        place = tmp_path / f"{len(options)}{'-'.join(options)}" / "out"
        place.parent.mkdir()
        what(at := place.parent / hidden, victim)
        if there:
            place.mkdir()
        before = os.lstat(at)
        with pytest.raises(Refused, match=f"{hidden}, where what isn't finished is kept, must be a folder of your own, "
                                          f"and {says}"):
            make(place, **options)
        assert os.lstat(at) == before and whole(victim)
        assert sorted(os.listdir(place.parent)) == sorted([hidden, *(["out"] if there else [])])


@pytest.mark.parametrize(("make", "hidden"), [(run, HIDDEN[0]), (run, HIDDEN[1]), (bundle, HIDDEN[0])])
def test_a_folder_of_another_is_refused(make, hidden, tmp_path, victim, as_another):
    at = tmp_path / hidden
    victim.rename(at)
    for options, _ in WAYS:
        with pytest.raises(Refused, match=f"a folder of your own, and it belongs to {own._called(os.getuid())}: move"):
            make(tmp_path / "out", **options)
        assert whole(at) and os.listdir(tmp_path) == [hidden]


def test_a_file_system_that_calls_this_user_otherwise_works(tmp_path, monkeypatch):
    """One that is mounted from elsewhere may give all files one owner."""
    monkeypatch.setattr(own.os, "geteuid", lambda: 4242)
    run(tmp_path / "out")
    assert files(tmp_path / "out") == {"part-00000": "a\n"} and os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("make", [run, bundle])
def test_a_folder_of_this_user_with_something_else_in_it_is_refused(make, tmp_path, victim):
    """Whoever may write above can have given it the name."""
    at = tmp_path / HIDDEN[0]
    victim.rename(at)
    for options, _ in WAYS:
        with pytest.raises(Refused, match="has precious, which no run leaves there: move it away, or give another"):
            make(tmp_path / "out", **options)
        assert whole(at) and os.listdir(tmp_path) == [HIDDEN[0]]


@pytest.mark.parametrize("moment", ["prepare", "decide", "commit", "abort", "release"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_put_there_while_a_run_is_at_work_is_left(moment, overwrite, tmp_path, victim, monkeypatch):
    """A link in the place of the folder, at any step: the run fails or ends, and nothing behind the link is touched."""
    if overwrite:
        run(tmp_path / "out")
    hidden = tmp_path / HIDDEN[0]

    def swap() -> None:
        hidden.rename(tmp_path / "aside")
        hidden.symlink_to(victim)
        for name in os.listdir(tmp_path / "aside"):
            if name.startswith("claim-"):
                os.link(tmp_path / "aside" / name, victim / name)

    by_hand = None
    try:
        if moment == "prepare":
            clear = Store.clear
            monkeypatch.setattr(Store, "clear", lambda *a, **more: (hidden.is_symlink() or swap(), clear(*a, **more)))
        by_hand = ByHand(WriteText(tmp_path / "out"), overwrite=overwrite)
        part = by_hand.instance(0, 1, ["b"])
        if moment == "decide":
            swap()
            with pytest.raises(PermissionError, match="it is a link"):
                by_hand.folder._claim.check()
        by_hand.folder.decide({"": [part]}, by_hand.identity, by_hand.run)
        if moment == "commit":
            swap()
        if moment in ("abort", "release"):
            by_hand.folder.decided = None
            swap()
            by_hand.folder.abort(keep=moment == "release")
        else:
            by_hand.folder.commit()
            raise AssertionError("it was committed")
    except (Refused, RunFailed) as error:
        assert moment in ("prepare", "decide", "commit"), error
        if by_hand:
            by_hand.folder.abort(keep=False)
    for name in os.listdir(victim):
        if name.startswith("claim-"):
            (victim / name).unlink()
    assert whole(victim)
    assert (tmp_path / "out").exists() == overwrite and (not overwrite or files(tmp_path / "out") == {
        "part-00000": "a\n"})


def test_nothing_is_written_or_removed_through_a_link_inside(tmp_path, victim):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "file").symlink_to(victim / "precious")
    (folder / "folder").symlink_to(victim)
    store = Store(str(folder))
    with pytest.raises(OSError, match="symbolic links"):
        store.write(f"{folder}/file", b"x")
    with pytest.raises(OSError, match="symbolic links|Not a directory"):
        store.clear(str(folder), "folder")
    with pytest.raises(OSError, match="symbolic links|Not a directory"):
        store.clear(str(folder), "folder/attempts")
    store.remove_own(str(folder))
    assert not folder.exists() and whole(victim)
    store.remove_own(str(folder))  # it is gone


def test_a_bundle_that_is_a_link_is_refused(tmp_path, victim):
    (victim / FILES).write_text("{}")
    (tmp_path / "out").symlink_to(victim)
    with pytest.raises(Refused, match="is a file or a link"):
        bundle(tmp_path / "out", overwrite=True)
    (victim / FILES).unlink()
    assert whole(victim)
