"""Files that runs leave with an output, as somebody else might have left them: what isn't of their shape is not
believed, and is never the cause of another error than one for the user."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from d4p import WriteText
from d4p.errors import D4pError
from d4p.items.shape import fits
from d4p.outputs import written
from d4p.outputs.store import Store

from .byhand import ByHand

OTHERS = (None, [None], {"": None}, "../x", -1, 1.5, 10**400)
NO_JSON = (b"", b"[" * 100_000, b"9" * 5000, b"\xff\xfe\x00")


def variants(value: Any) -> Iterator[Any]:
    """A value with one thing in it changed, for each thing and each other thing that it might be."""
    yield from OTHERS
    if isinstance(value, dict):
        for key, inner in value.items():
            rest = {name: one for name, one in value.items() if name != key}
            yield rest
            yield rest | {"../x": inner}
            yield from ({**value, key: other} for other in variants(inner))
    elif isinstance(value, list):
        yield from ([other, *value[1:]] for inner in value[:1] for other in variants(inner))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder beside which nothing may change."""
    (tmp_path / "x").write_text("beside")
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    yield tmp_path / "in"
    assert sorted(os.listdir(tmp_path)) == ["in", "x"] and (tmp_path / "x").read_text() == "beside"


def whole() -> None:
    run = ByHand(WriteText("out"), overwrite=True)
    run.commit(run.instance(0, 1, ["a"]))


def killed(decided: bool) -> None:
    """As a run leaves it that is killed before, or after, it has decided."""
    run = ByHand(WriteText("out"), overwrite=True)
    part = run.instance(0, 1, ["a"])
    if decided:
        run.folder.decide({"": [part]}, run.identity, run.run)
    who = json.loads(open(".out.d4p-unfinished/claim-1").read())
    with open(".out.d4p-unfinished/claim-1", "w") as file:
        json.dump(who | {"started": "long ago"}, file)


@pytest.mark.parametrize(("decided", "name", "how"), [
    (None, "out/_SUCCESS", "overwrite"), (None, "out/_SUCCESS", "resume"),
    (False, ".out.d4p-unfinished/run.json", "overwrite"), (False, ".out.d4p-unfinished/run.json", "resume"),
    (True, ".out.d4p-unfinished/commit.json", "resume"), (True, ".out.d4p-unfinished/claim-1", "overwrite"),
])  # fmt: skip
def test_a_file_of_another_shape_is_no_bug(here, decided, name, how):
    leave = whole if decided is None else lambda: killed(decided)
    leave()
    good = open(name, "rb").read()
    contents = [*NO_JSON, *(json.dumps(other).encode() for other in variants(json.loads(good)))]
    for content in contents:
        if not os.path.exists(name):
            leave()
        with open(name, "wb") as file:
            file.write(content)
        try:
            run = ByHand(WriteText("out"), **{how: True})
            if run.folder.decided:
                run.folder.commit()
            elif not run.folder.committed:
                run.commit(run.instance(0, 1, ["b"]))
        except D4pError:
            pass
        for path in ("out", ".out.d4p-unfinished", ".out.d4p-replaced"):
            if content is not contents[-1]:
                Store(path).remove(os.path.abspath(path))
    assert len(contents) > 30


@pytest.mark.parametrize(("name", "is_one"), [
    ("part-00000", True), ("", False), (".hidden", False), ("..", False), ("a/b", False), ("/a", False), ("a\0", False),
])  # fmt: skip
def test_the_name_of_a_file(name, is_one):
    assert written._name(name) is is_one


IS = {"files": {"read": "digest"}, "parameters": {"maxlag": "60"}, "plan": "digest"}
CLAIMED = {"run": "a", "host": "h", "pid": 1, "started": None, "at": 0, "container": None}
PART = "part-00000"


@pytest.mark.parametrize(("shape", "value", "is_one"), [
    (written._identity, {}, True), (written._identity, IS, True), (written._identity, [], False),
    (written._identity, IS | {"files": []}, False), (written._identity, IS | {"files": "digest"}, False),
    (written._identity, IS | {"parameters": {"maxlag": 60}}, False),
    (written._identity, IS | {"parameters": []}, False),
    (written._note, ["file", "file:///a", [1, 2]], True), (written._note, ["names", "hdfs://h/a", None], True),
    (written._note, ["there", "program:a.py", True], True), (written._note, ["other", "file:///a", 1], False),
    (written._note, ["file", "/a", 1], False), (written._note, ["file", "file:///a"], False),
    (written._note, ["file", 7, 1], False), (written._note, "abc", False),
    (written._noted, {}, True), (written._noted, {"reads": []}, True), (written._noted, {"reads": {}}, False),
    (written._noted, {"reads": [["file", "file:///a", 1]]}, True), (written._noted, {"reads": [[]]}, False),
    (written._id, "a0", True), (written._id, "A", False), (written._id, "", False), (written._id, "a" * 65, False),
    (written._sub, "", True), (written._sub, "a", True), (written._sub, "a/b", False), (written._sub, ".a", False),
    (written._part, PART, True), (written._part, f"sub/{PART}", True), (written._part, f"a/b/{PART}", False),
    (written._part, f"/{PART}", False), (written._part, f".a/{PART}", False), (written._part, "", False),
    (written._complete, "x", False),
    (written._CLAIM, CLAIMED, True), (written._CLAIM, CLAIMED | {"pid": 0}, False),
    (written._CLAIM, CLAIMED | {"pid": (1 << 31) - 1}, True), (written._CLAIM, CLAIMED | {"pid": 1 << 31}, False),
    (written._CLAIM, CLAIMED | {"pid": True}, False), (written._CLAIM, CLAIMED | {"at": -1}, False),
    (written._CLAIM, CLAIMED | {"at": 1e12 - 1}, True), (written._CLAIM, CLAIMED | {"at": 1e12}, False),
    (written._CLAIM, CLAIMED | {"started": "s", "container": "c"}, True), (written._CLAIM, CLAIMED | {"run": 1}, False),
    (written._SUCCESS, {"run": "a", "identity": {}, "parts": {PART: {"items": 1, "bytes": 2}}}, True),
    (written._SUCCESS, {"run": "a", "identity": {}, "parts": {PART: {"items": 1}}}, False),
    (written._SUCCESS, {"run": "a", "identity": {}, "parts": {f"../{PART}": {"items": 1, "bytes": 2}}}, False),
    (written._SUCCESS, {"run": "a", "identity": {}}, False), (written._BEGUN, {"identity": {}, "replace": True}, True),
    (written._BEGUN, {"identity": {}, "replace": 1}, False), (written._BEGUN, {"replace": True}, False),
    (written._DECIDED, {"run": "a", "identity": {}, "replace": False, "parts": {"": [], "a": []}}, True),
    (written._DECIDED, {"run": "a", "identity": {}, "replace": False, "parts": {"": ["x"]}}, False),
    (written._READS, {"notes": []}, True), (written._READS, {"notes": None}, False), (written._READS, {}, False),
])  # fmt: skip
def test_shapes(shape, value, is_one):
    assert fits(value, shape) is is_one


def test_what_a_run_wrote_is_of_its_shape(here):
    whole()
    place, unfinished = os.path.abspath("out"), os.path.abspath(".out.d4p-unfinished")
    assert list(written.success(Store("out"), place)["parts"]) == ["part-00000"]
    killed(True)
    assert written.begun(Store("out"), unfinished) == {"identity": ByHand.__init__.__globals__["IDENTITY"],
                                                       "replace": True, "watched": False}
    assert list(written.decided(Store("out"), unfinished)["parts"]) == [""]
    assert written.claim(Store("out"), f"{unfinished}/claim-1")["pid"] == os.getpid()
