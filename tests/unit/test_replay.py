"""What is replayed of a dead-letter folder, and what is refused and never unpickled."""

from __future__ import annotations

import base64
import grp
import hashlib
import json
import os
import pickle
import pwd
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from d4p.errors import Refused
from d4p_compile.front.load import load
from d4p_compile.front.replay import replayed
from tests.targets import answers, definition

WORKFLOWS = Path(__file__).parents[1] / "workflows" / "policies.py"


class Runs:
    """What its pickle does is seen."""

    def __reduce__(self):
        return (os.mkdir, ("unpickled",))


@pytest.fixture
def failed(tmp_path, monkeypatch):
    """A folder of items that were set aside."""
    monkeypatch.chdir(tmp_path)
    definition(f"{WORKFLOWS}:square", parameters={"bad": 20}, on_error=["Square=dead-letter:failed"])
    return tmp_path / "failed"


def replay(folder: Path, graph: str = "square", **parameters):
    return replayed(str(folder), load(f"{WORKFLOWS}:{graph}", parameters=parameters))


def part(folder: Path) -> Path:
    (found,) = folder.glob("*/part-*")
    return found


def test_a_root_is_given_again_what_it_failed_at(tmp_path):
    inputs = json.dumps({"given": [{"by": 2}, {"by": 0}, {"by": 5}]})
    definition(f"{WORKFLOWS}:given", options=["-d", inputs], on_error=[f"dead-letter:{tmp_path / 'failed'}"],
               parameters={"name": "given"})
    _, roots = replay(tmp_path / "failed", "given", name="given")
    assert roots == {"given0": [{"by": 0}]}


def test_what_fails_again_in_a_replay_can_be_replayed_again(failed):
    loaded, _ = replay(failed, bad=50)
    definition(loaded.graph, on_error=["Square=dead-letter:again"])
    first, second = ([json.loads(line) for line in part(folder).read_text().splitlines()]
                     for folder in (failed, failed.parent / "again"))
    assert [letter["item"]["number"] for letter in second] == [0, 100]
    assert {(letter["workflow"], letter["fingerprint"], letter["pe"]) for letter in (*first, *second)} == {
        ("policies:square", first[0]["fingerprint"], "Square")}
    rest, _ = replay(failed.parent / "again", bad=0)
    assert definition(rest.graph)["Square0", "output"] == {"0": 1, "10000": 1}


def test_letters_of_another_workflow_are_refused_with_both_names(failed):
    with pytest.raises(Refused, match=r"were set aside by policies:square \(\w{16}\), and policies:given is another "):
        replay(failed, "given")


def test_what_was_changed_is_refused_and_not_unpickled(failed):
    letters = [json.loads(line) for line in part(failed).read_text().splitlines()]
    blob = base64.b64encode(pickle.dumps(Runs()))[: len(letters[0]["pickle"])].decode()
    letters[0]["pickle"] = blob.ljust(len(letters[0]["pickle"]), "=")
    part(failed).write_text("".join(json.dumps(letter) + "\n" for letter in letters))
    with pytest.raises(Refused, match="the digest of its pickle is another"):
        replay(failed, bad=0)
    part(failed).write_text("x")
    with pytest.raises(Refused, match="isn't as its run left it: Square.letters/part-00000.jsonl has another size"):
        replay(failed, bad=0)
    assert not (failed.parent / "unpickled").exists()


@pytest.mark.parametrize("where", [lambda folder: folder, lambda folder: part(folder).parent, part],
                         ids=["folder", "folder of a PE", "part"])
def test_what_others_can_write_is_refused_and_not_unpickled(failed, where):
    where(failed).chmod(0o777)
    with pytest.raises(Refused, match="must be your own, and written by nobody else"):
        replay(failed, bad=0)


@pytest.mark.parametrize("members, refused", [([], False), (["somebody"], True)])
def test_what_a_group_can_write_is_refused_but_for_a_group_of_ones_own(members, refused, failed, monkeypatch):
    part(failed).chmod(0o664)
    me = pwd.getpwuid(os.geteuid())
    monkeypatch.setattr(grp, "getgrgid", lambda group: SimpleNamespace(gr_gid=me.pw_gid, gr_name=me.pw_name,
                                                                        gr_mem=members))
    with pytest.raises(Refused, match="written by nobody else") if refused else nullcontext():
        replay(failed, bad=0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_is_another_users_is_refused_and_not_unpickled(failed):
    os.chown(part(failed), 12345, -1)
    with pytest.raises(Refused, match="must be your own"):
        replay(failed, bad=0)


def test_a_link_in_the_place_of_a_part_is_not_followed(failed):
    here = part(failed)
    here.rename(failed.parent / "elsewhere")
    here.symlink_to(failed.parent / "elsewhere")
    with pytest.raises(Refused, match="must be a file that a run wrote"):
        replay(failed, bad=0)


def test_a_folder_of_something_else_is_refused(failed, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="has no _SUCCESS of a run"):
        replay(tmp_path / "empty", bad=0)
    with pytest.raises(Refused, match="No such file"):
        replay(tmp_path / "nowhere", bad=0)
    with pytest.raises(Refused, match="isn't on this machine"):
        replayed("hdfs://there/failed", load(f"{WORKFLOWS}:square", parameters={"bad": 0}))
    definition(f"{WORKFLOWS}:square", parameters={"bad": 0}, options=["--output=results"])
    with pytest.raises(Refused, match="isn't what a run writes of an item that is set aside"):
        replay(tmp_path / "results", bad=0)


def test_a_pickle_is_no_item_until_it_is_replayed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    definition(f"{WORKFLOWS}:square", parameters={"bad": 20}, on_error=["Square=dead-letter:failed"])
    letters = [json.loads(line) for line in part(tmp_path / "failed").read_text().splitlines()]
    size = part(tmp_path / "failed").stat().st_size
    blob = pickle.dumps(Runs())
    letter = letters[0] | {"pickle": base64.b64encode(blob).decode(), "sha256": hashlib.sha256(blob).hexdigest()}
    line = json.dumps(letter)
    part(tmp_path / "failed").write_text(f"{line}{' ' * (size - len(line) - 1)}\n")
    loaded, _ = replay(tmp_path / "failed", bad=0)
    assert not (tmp_path / "unpickled").exists()
    with pytest.raises(Exception, match="TypeError|None|NoneType"):
        answers(loaded.graph, "sequential")
    assert (tmp_path / "unpickled").exists()  # it was one that would have told


def test_there_must_be_room_for_letters_before_anything_starts(tmp_path):
    (tmp_path / "failed").mkdir()
    (tmp_path / "failed" / "mine.txt").write_text("mine")
    with pytest.raises(Refused, match="failed of Square"):
        definition(f"{WORKFLOWS}:square", parameters={"bad": 20},
                   on_error=[f"Square=dead-letter:{tmp_path / 'failed'}"])
