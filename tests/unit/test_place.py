"""A bundle comes to its place: over an older one, beside files of the user's, and after a compiler that was killed."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from d4p.errors import Refused
from d4p_compile.bundle.folder import FILES, check_place, claimed, put


def folder(path, *names: str):
    """A folder with these files, each of which holds the folder's name."""
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(path.name)
    return path


def holds(path) -> set[str]:
    return {file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir()} - {FILES}


@pytest.fixture
def place(tmp_path):
    put(folder(tmp_path / "first", "job.py", "a/b/old.txt", "c"), tmp_path / "place")
    return tmp_path / "place"


@pytest.mark.parametrize(("mine", "in_the_way"), [
    ("new.txt", True), ("new.txt/mine", True), ("sub", True), ("sub/mine", False), ("a/b", False), ("a/b/mine", False),
    ("__pycache__/job.pyc", False), ("newer.txt", False),
])  # fmt: skip
def test_a_file_of_the_users_stays_and_nothing_is_changed_where_it_is_in_the_way(tmp_path, place, mine, in_the_way):
    if mine != "a/b":
        folder(place, mine)
    before = holds(place)
    made = folder(tmp_path / "second", "job.py", "new.txt", "sub/x", "c/d")
    check_place(place, overwrite=True)
    if in_the_way:
        with pytest.raises(Refused, match=f"{mine} is in the way of the new bundle, and no compiler wrote it: move it"):
            put(made, place)
        assert holds(place) == before and (place / "job.py").read_text() == "first"
        return
    put(made, place)
    assert holds(place) == {"job.py", "new.txt", "sub/x", "c/d"} | ({mine} - {"a/b"})
    assert (place / "job.py").read_text() == "second" and not made.exists()
    assert json.loads((place / FILES).read_text())["files"] == sorted(["job.py", "new.txt", "sub/x", "c/d", FILES])


def test_nothing_behind_a_link_is_touched(tmp_path, place):
    outside = folder(tmp_path / "outside", "b/old.txt")
    (place / "a" / "b" / "old.txt").unlink()
    (place / "a" / "b").rmdir()
    (place / "a").rmdir()
    (place / "a").symlink_to(outside)
    put(folder(tmp_path / "second", "job.py"), place)
    assert holds(outside) == {"b/old.txt"} and (place / "a").is_symlink()
    with pytest.raises(Refused, match="place/a is in the way"):
        put(folder(tmp_path / "third", "a/x"), place)
    assert holds(outside) == {"b/old.txt"}


def test_a_compiler_that_is_killed_knows_its_own_the_next_time(tmp_path, place, monkeypatch):
    left, replace = 0, os.replace

    def killed(source, dest):
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        replace(source, dest)

    folder(place, "mine")
    new, ended = ("job.py", "new.txt", "sub/x"), []
    for moves in range(8):  # two lists of files, three files, one list: done with the sixth
        made = folder(tmp_path / f"made{moves}", *new)
        monkeypatch.setattr(os, "replace", killed)
        left = moves
        try:
            put(made, place)
            ended.append(moves)
        except KeyboardInterrupt:
            pass
        monkeypatch.undo()
    assert ended == [6, 7] and holds(place) == {*new, "mine"}


def test_a_folder_that_does_not_say_what_a_compiler_wrote(tmp_path, place):
    (place / FILES).write_text("[]")
    with pytest.raises(Refused, match=f"{FILES} doesn't say which files"):
        put(folder(tmp_path / "second", "job.py"), place)
    assert holds(place) == {"job.py", "a/b/old.txt", "c"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_of_compilers_at_the_same_time_each_puts_a_whole_bundle_or_is_refused(tmp_path, overwrite):
    place, wrote, refused = tmp_path / "place", [], []
    if overwrite:
        put(folder(tmp_path / "first", "job.py"), place)

    def compiler(name: str, start: threading.Barrier) -> None:
        start.wait(60)
        try:
            with claimed(place, overwrite) as made:
                for file in ("job.py", "a", "b/c"):
                    (made / file).parent.mkdir(exist_ok=True)
                    (made / file).write_text(name)
                put(made, place)
                wrote.append(name)
        except Refused as error:
            refused.append(str(error))

    for turn in range(4):
        start = threading.Barrier(4)
        threads = [threading.Thread(target=compiler, args=(f"{turn}.{number}", start)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        texts = {(place / file).read_text() for file in ("job.py", "a", "b/c")}
        assert len(texts) == 1 and texts < {*wrote} | {""} and sorted(os.listdir(tmp_path))[-1] == "place"
    assert (len(wrote) == 1) != overwrite and len(wrote) + len(refused) == 16
    for said in refused:
        assert "is being written by another run, process" in said or "is being claimed by" in said or (
            "exists: give another with -o" in said)


def test_a_compiler_that_was_killed_leaves_nothing_to_the_next(tmp_path):
    with pytest.raises(KeyboardInterrupt), claimed(tmp_path / "place", False) as made:
        (made / "job.py").touch()
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []
    hidden = tmp_path / ".place.d4p-unfinished"
    folder(hidden / "whole", "old.py")  # it could do nothing any more
    with claimed(tmp_path / "place", False) as made:
        put(folder(made, "job.py"), tmp_path / "place")
    assert holds(tmp_path / "place") == {"job.py"} and os.listdir(tmp_path) == ["place"]


def test_the_folder_that_one_is_in_is_filled_and_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with claimed(Path("."), overwrite=True) as made:
        put(folder(made, "job.py"), Path("."))
    assert os.listdir() == ["job.py", FILES] or os.listdir() == [FILES, "job.py"]
