"""Who may write an output: one run at a time."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from d4p.commit import claim
from d4p.commit.claim import BEAT, LEASE, take
from d4p.commit.folder import Folder
from d4p.errors import Refused, RunFailed
from d4p.outputs.store import Store

from . import objects


@pytest.fixture
def folder(tmp_path):
    return Store(str(tmp_path)), f"{tmp_path}/.out.d4p-unfinished"


def written(folder, number):
    with open(f"{folder}/claim-{number}") as file:
        return json.load(file)


def claim_of(folder, number, **what):
    """The claim of some other run, as it stands in the folder."""
    os.makedirs(folder, exist_ok=True)
    who = {"run": "other", **claim._here(), "at": time.time()} | what
    with open(f"{folder}/claim-{number}", "w") as file:
        json.dump(who, file)


def gone() -> dict:
    """A process of this machine that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = claim._started(ended.pid)
    ended.communicate(b"\n", timeout=120)
    assert started
    return {"pid": ended.pid, "started": started}


def test_who_is_gone_is_known():
    assert claim._started(gone()["pid"]) is None and claim._started(os.getpid()) == claim._here()["started"]


def test_one_that_has_ended_and_that_nobody_waited_for_is_gone():
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert claim._started(ended.pid) not in (None, claim._started(os.getpid())), "it is younger"
    ended.stdin.close()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert claim._started(ended.pid) is None
    ended.wait(120)


def test_the_process_of_another_user_is_known_too(monkeypatch):
    def refused(pid, number):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "kill", refused)
    assert claim._started(os.getpid()) == claim._here()["started"] is not None


def test_one_run_at_a_time(folder):
    mine = take(*folder, "a", "the output out")
    mine.check()
    with pytest.raises(Refused, match=f"the output out is being written by another run, process {os.getpid()} on"):
        take(*folder, "b", "the output out")
    with pytest.raises(Refused, match="by another PE of this workflow"):
        take(*folder, "a", "the output out")
    mine.release()
    assert not os.path.exists(folder[1])
    take(*folder, "b", "the output out")


def test_of_many_that_start_at_once_one_gets_it(folder):
    for dead in (False, True):
        if dead:
            claim_of(folder[1], 7, **gone())
        start, got, refused = threading.Barrier(8), [], []

        def one(number, start=start, got=got, refused=refused):
            start.wait(60)
            try:
                got.append(take(*folder, f"run{number}", "out"))
            except Refused:
                refused.append(number)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 1 and len(refused) == 7
        for one_that_got_it in got:
            one_that_got_it.check()
            one_that_got_it.release()


def test_the_claim_of_a_process_that_is_gone_is_taken_over(folder):
    claim_of(folder[1], 1, **gone())
    with open(f"{folder[1]}/.claim-1.0f", "w"):  # it was killed while it made another
        pass
    mine = take(*folder, "b", "out")
    assert written(folder[1], 2)["run"] == "b"
    mine.check()
    mine.beat()
    mine.release()
    assert not os.path.exists(folder[1])


@pytest.mark.parametrize("url", ["{}", "objects://b"])
def test_a_run_that_ends_leaves_the_claim_of_the_next(url, tmp_path, monkeypatch):
    objects.at(tmp_path)
    store = Store(url.format(tmp_path))
    folder = f"{store.path}/.out.d4p-unfinished"
    claim_of_gone = {"run": "gone", **claim._here(), "at": 0.0, **gone()}
    store.makedirs(folder)
    store.create(f"{folder}/claim-1", json.dumps(claim_of_gone).encode())
    first, remove, second = take(store, folder, "a", "out"), Store.remove, []

    def removed(store, path):
        remove(store, path)
        if path == first.path:
            second.append(take(store, folder, "b", "out"))

    monkeypatch.setattr(Store, "remove", removed)
    first.release()
    second[0].check()
    second[0].release()
    assert not store.exists(folder) and not [name for name in os.listdir(tmp_path) if "claim" in name]


def test_a_claim_that_is_lost_before_the_run_begins_is_found_out_then(tmp_path):
    """Not at the end, when everything is done; and what the other has begun stays."""
    mine = Folder(f"{tmp_path}/out", "")
    mine.claim("a")
    claim_of(mine.unfinished, 2, run="b")
    with open(f"{mine.unfinished}/run.json", "w") as file:
        file.write("theirs")
    with pytest.raises(Refused, match="out is being claimed by another run at the same time: wait for it, or give"):
        mine.prepare({}, "a")
    with open(f"{mine.unfinished}/run.json") as file:
        assert file.read() == "theirs"


def test_a_process_number_that_was_given_out_anew_is_not_taken_for_the_run(folder):
    claim_of(folder[1], 1, started="1")
    take(*folder, "b", "out").check()


def test_a_claim_from_another_machine_holds_as_long_as_its_run_says_that_it_lives(folder):
    claim_of(folder[1], 1, host="elsewhere 1", at=time.time() - LEASE + 30)
    with pytest.raises(Refused, match=r"by another run, process \d+ on elsewhere: .*try again in (29|30) seconds"):
        take(*folder, "b", "out")
    claim_of(folder[1], 1, host="elsewhere 1", at=time.time() - 2 * LEASE)
    beat = f"{folder[1]}/claim-1.beat"
    for alive in (str(time.time() - LEASE / 2), ""):
        with open(beat, "w") as file:
            file.write(alive)
        with pytest.raises(Refused, match="try again in"):
            take(*folder, "b", "out")
    with open(beat, "w") as file:
        file.write(str(time.time() - LEASE - 1))
    take(*folder, "b", "out").check()


def test_a_process_number_means_something_on_one_machine_and_in_one_container():
    here = claim._here()
    assert here["host"].endswith(" " + os.readlink("/proc/self/ns/pid")) and here["pid"] == os.getpid()
    assert len(here["host"].split()) == 3 and here["started"] == claim._started(os.getpid()) != "unknown"
    assert claim._line("/no/such/file") == ""


@pytest.mark.parametrize("mine", [None, "no container", ""])
def test_without_yarn_no_attempt_is_an_earlier_one(mine, monkeypatch):
    monkeypatch.delenv("CONTAINER_ID", raising=False)
    if mine is not None:
        monkeypatch.setenv("CONTAINER_ID", mine)
    for theirs in ("container_1700000000000_0042_01_000001", None, ""):
        assert not claim._is_earlier_attempt(theirs)


@pytest.mark.parametrize(("theirs", "gone"), [
    ("container_e17_1700000000000_0042_01_000001", True), ("container_1700000000000_0042_01_000001", True),
    ("container_e17_1700000000000_0042_02_000001", False), ("container_e17_1700000000000_0042_03_000001", False),
    ("container_e17_1700000000000_0042_10_000001", False), ("container_e17_1700000000000_0041_01_000001", False),
    (None, False),
])  # fmt: skip
def test_an_earlier_attempt_of_the_same_application_of_yarn_is_gone(folder, monkeypatch, theirs, gone):
    claim_of(folder[1], 1, host="elsewhere 1", container=theirs)
    monkeypatch.setenv("CONTAINER_ID", "container_e17_1700000000000_0042_02_000001")
    if gone:
        take(*folder, "b", "out").check()
    else:
        with pytest.raises(Refused, match="try again in"):
            take(*folder, "b", "out")


def test_a_claim_says_of_which_attempt_of_yarn_it_is(folder, monkeypatch):
    monkeypatch.setenv("CONTAINER_ID", "container_e17_1700000000000_0042_01_000001")
    monkeypatch.setattr(claim, "_here", lambda here=claim._here: here() | {"host": "elsewhere 1"})
    take(*folder, "a", "out")
    monkeypatch.undo()
    monkeypatch.setenv("CONTAINER_ID", "container_e17_1700000000000_0042_02_000001")
    take(*folder, "b", "out").check()


def test_a_run_that_comes_back_finds_that_it_lost_its_claim(folder):
    mine = take(*folder, "a", "the output out")
    mine.beat()
    claim_of(folder[1], 2, run="b")
    with pytest.raises(RunFailed, match="the output out isn't this run's any more: another, process .* has taken over"):
        mine.check()
    os.remove(f"{folder[1]}/claim-2")
    mine.check()
    claim_of(folder[1], 1, run="b")  # the same number, made by another once ours was taken away
    with pytest.raises(RunFailed, match="another, process .* has taken over"):
        mine.check()
    open(f"{folder[1]}/claim-1", "w").close()  # by one that was killed just then
    with pytest.raises(RunFailed, match="any more: its claim is gone"):
        mine.check()
    os.remove(f"{folder[1]}/claim-1")
    with pytest.raises(RunFailed, match=r"any more: its claim is gone\. It said nothing for more than"):
        mine.check()


def test_a_claim_that_was_cut_short_is_taken_over(folder):
    os.makedirs(folder[1])
    open(f"{folder[1]}/claim-1", "w").close()
    take(*folder, "b", "out").check()


@pytest.mark.parametrize("meanwhile", [1, 3])
def test_what_others_made_at_the_same_time_is_seen(folder, monkeypatch, meanwhile):
    """One that took ours for a claim cut short; or one that has claimed a folder anew that was given up."""
    claim_of(folder[1], 1, **gone())
    create = Store.create

    def made(store, path, content):
        create(store, path, content)
        claim_of(folder[1], meanwhile, run="faster")

    monkeypatch.setattr(Store, "create", made)
    with pytest.raises(Refused, match="out is being written by another run"):
        take(*folder, "a", "out")
    assert sorted(os.listdir(folder[1])) == sorted({"claim-1", f"claim-{meanwhile}"})


def test_a_folder_that_another_removes_at_the_same_time_is_made_again(folder, monkeypatch):
    makedirs, refused = Store.makedirs, []

    def fails(store, path):
        if not refused:
            refused.append(path)
            raise FileExistsError(errno.EEXIST, "File exists")
        makedirs(store, path)

    monkeypatch.setattr(Store, "makedirs", fails)
    take(*folder, "a", "out").check()
    assert refused


def test_a_run_may_be_late_to_say_that_it_lives():
    assert 4 * BEAT < LEASE


def test_the_claim_of_who_was_faster_stays(folder, monkeypatch):
    create = Store.create

    def late(store, path, content):
        claim_of(folder[1], 1, run="faster")
        create(store, path, content)

    monkeypatch.setattr(Store, "create", late)
    with pytest.raises(Refused, match="out is being written by another run"):
        take(*folder, "a", "out")
    assert written(folder[1], 1)["run"] == "faster"


def test_who_is_slower_each_time_gives_up(folder, monkeypatch):
    def faster(store, path, content):
        tried.append(path)
        raise FileExistsError

    tried: list[str] = []
    monkeypatch.setattr(Store, "create", faster)
    with pytest.raises(Refused, match="out is being claimed by other runs at the same time"):
        take(*folder, "a", "out")
    assert len(tried) > 1


OPERATIONS = ("check_own", "makedirs", "sizes", "read", "create", "remove", "rmdir")


def interrupted(monkeypatch, at: int, after: bool) -> list[str]:
    """Has one operation of the store interrupted, before or after it is done; the names of those that were begun."""
    begun: list[str] = []

    def counted(name, real):
        def operation(*arguments):
            begun.append(name)
            if len(begun) == at and not after:
                raise KeyboardInterrupt
            done = real(*arguments)
            if len(begun) == at:
                raise KeyboardInterrupt
            return done

        return operation

    for name in OPERATIONS:
        monkeypatch.setattr(Store, name, counted(name, getattr(Store, name)))
    return begun


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dead", [False, True])
def test_who_is_interrupted_claims_nothing(folder, monkeypatch, dead, after):
    """At each operation on the file system."""
    for at in range(1, 100):
        if dead:
            claim_of(folder[1], 1, **gone())
        with monkeypatch.context() as patched:
            begun = interrupted(patched, at, after)
            try:
                mine = take(*folder, "a", "out")
            except KeyboardInterrupt:
                mine = None
        if mine is not None:
            mine.release()
            break
        assert not os.path.exists(folder[1]) or dead and os.listdir(folder[1]) == ["claim-1"], begun
    assert not os.path.exists(folder[1]) and at > 6


def test_who_is_interrupted_leaves_what_another_has_just_claimed(folder, monkeypatch):
    def made(store, path, content):
        claim_of(folder[1], 1, run="faster")
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "create", made)
    with pytest.raises(KeyboardInterrupt):
        take(*folder, "a", "out")
    assert written(folder[1], 1)["run"] == "faster"
