"""A worker of `processes` that dies is named with the item it had, at once; and nothing is left of it."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

import d4p_compile

from .programs import living, started, until

DEATHS = Path(__file__).parents[1] / "workflows" / "deaths.py"
#: Seconds within which a death is told. All of it: the program has ended by then.
AT_ONCE = 2.0


@pytest.fixture(params=["fork", "spawn"])
def method(request):
    """How workers are started: as on Linux, and as on macOS."""
    return request.param


@pytest.fixture
def program(tmp_path, method):
    """A function that starts a program of deaths.py."""

    def start(attribute: str, *options: str, **parameters):
        bundle = d4p_compile.compile(f"{DEATHS}:{attribute}", "processes", parameters=parameters,
                                     output=tmp_path / "bundle")
        (tmp_path / "here").mkdir()
        command = [sys.executable, str(bundle.script), *options]
        return started(command, tmp_path / "here", tmp_path / "temporary", D4P_START_METHOD=method)

    return start


@pytest.fixture
def ended(program, tmp_path):
    """A function that runs one to its end, which must be that of a program that failed and left nothing."""

    def run(attribute: str, *options: str, **parameters) -> str:
        with program(attribute, *options, **parameters) as running:
            errors = running.communicate(timeout=30)[1]
            assert running.returncode == 1, errors
            until(lambda: not living(running.pid), AT_ONCE)
        assert left(tmp_path) == []
        assert {path.name for path in (tmp_path / "here").iterdir()} <= {".out.d4p-unfinished"}  # for --resume
        return errors

    return run


def left(folder: Path) -> list[str]:
    return [str(path) for path in (folder / "temporary").rglob("*")]


@pytest.mark.parametrize("at, rank", [(1, 0), (5, 1), (50, 0), ("preprocess", 1), ("postprocess", 0)])
def test_what_it_had_is_told(ended, rank, at):
    where = f"in {at} of Dies" if isinstance(at, str) else f"at item {at} of Dies (Numbers.output -> Dies.input)"
    assert ended("chain", at=at, rank=rank) == (
        "failed: a worker process was killed by SIGKILL (the system does that where memory runs out): it held "
        f"stage 2 (Dies > WriteText), instance {rank}, {where}\n")


def test_items_count_over_all_ports(ended):
    assert re.search(r"\), instance 0, at item 17 of Last \((Dies|Numbers).output -> Last.(left|right)\)",
                     ended("two_ports", at=17))


def test_items_count_over_what_comes_from_the_same_stage(ended):
    assert "at item 117 of Last (Dies.output -> Last.right)\n" in ended("mixed", at=117)


def test_the_item_of_a_root(ended):
    items = json.dumps({"Reads": [{}, {}, {"die": True}, {}]})
    assert "stage 1 (Reads), instance 0, at item 3 of Reads\n" in ended("root", "-d", items)


def test_a_reader_has_not_got_the_item_yet(ended, tmp_path):
    (tmp_path / "files").mkdir()
    for name in "01234":
        (tmp_path / "files" / name).touch()
    assert "instance 0, reading item 3 of ReadFiles\n" in ended("files")


def test_copies_of_files_of_elsewhere_are_not_left(ended):
    assert "instance 0, reading item 3 of ReadFiles\n" in ended("fetched")


def test_killed_while_it_waits(program, tmp_path):
    with program("waits", folder=str(tmp_path)) as running:
        os.kill(numbers_of(tmp_path)[1], signal.SIGKILL)
        errors = running.communicate(timeout=30)[1]
    assert running.returncode == 1 and "(Tells), instance 1, waiting for its first item\n" in errors


def test_a_worker_that_ends_itself(ended):
    assert "a worker process ended with 7: it held stage 2 (Dies > WriteText), instance 0, at item 5 of Dies" in ended(
        "chain", how="exit")


@pytest.mark.parametrize("how, name", [("segfault", "SIGSEGV"), ("abort", "SIGABRT")])
def test_a_fault_comes_with_the_lines_of_the_pe(ended, how, name):
    first, title, *lines = ended("chain", how=how).splitlines()
    assert first.startswith(f"failed: a worker process was killed by {name} (") and " at item 5 of Dies (" in first
    assert title == "Traceback (the PE's own):"
    assert [line.strip() for line in lines[:2]][0].endswith("in _process") and "deaths.py" in lines[0]
    assert any(line.strip() in ("ctypes.string_at(8)", "os.abort()") for line in lines)
    assert not any("d4p/" in line or "job.py" in line for line in lines)


def numbers_of(folder: Path) -> list[int]:
    """The processes of Tells."""
    until(lambda: all((folder / rank).exists() for rank in "01"))
    return [int((folder / rank).read_text()) for rank in "01"]


def stands_still(count, seconds: float = 1.0) -> int:
    """Wait until what is counted has begun, and no more comes for a while."""
    seen, since = 0, time.monotonic()

    def still() -> bool:
        nonlocal seen, since
        now, before, seen = time.monotonic(), seen, count()
        since = now if seen != before or not seen else since
        return now - since > seconds

    until(still, 30)
    return seen


@pytest.mark.parametrize("which", [0, 1])
def test_killed_while_a_channel_is_full(program, tmp_path, which):
    """One of the two has its hand on what both write to; nobody hangs, whichever it is."""
    with program("full", folder=str(tmp_path)) as running:
        killed = numbers_of(tmp_path)[which]
        taken = stands_still(lambda: sum(path.stat().st_size for path in tmp_path.glob("*.items")))
        assert 2 < taken < 500, "a MiB each: a channel that holds them all isn't bounded"
        begun = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        errors = running.communicate(timeout=30)[1]
        assert time.monotonic() - begun < AT_ONCE
        until(lambda: not living(running.pid), AT_ONCE)  # a started one's multiprocessing has a process of its own
    assert running.returncode == 1
    assert re.search(rf"stage 2 \(Tells\), instance {which}, (at|waiting for items, after) item \d+ of Tells", errors)
    assert left(tmp_path) == []


def test_killed_with_children_that_hold_its_pipes(program, tmp_path):
    with program("children", folder=str(tmp_path)) as running:
        killed = numbers_of(tmp_path)[1]
        assert len(living(running.pid)) >= 7  # the program, two workers that wait, and two children of each
        begun = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        errors = running.communicate(timeout=30)[1]
        assert time.monotonic() - begun < AT_ONCE
        until(lambda: not living(running.pid), AT_ONCE)  # a started one's multiprocessing has a process of its own
    assert running.returncode == 1 and left(tmp_path) == []
    assert re.search(r"instance 1, (in preprocess of|at item 1 of HasChildren \(|waiting for its first item)", errors)


def test_the_program_itself_is_killed(program, tmp_path):
    """Its workers end with all that the PEs started, and leave no more than it would have."""
    with program("children", folder=str(tmp_path)) as running:
        numbers_of(tmp_path)
        os.kill(running.pid, signal.SIGKILL)
        until(lambda: not living(running.pid), AT_ONCE)
        until(lambda: left(tmp_path) == [], AT_ONCE)


def test_a_worker_of_many_instances_tells_a_few(tmp_path, monkeypatch):
    """More instances than processes share them."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(d4p_compile.RunFailed) as caught:
        d4p_compile.run(f"{DEATHS}:chain", "processes", parameters={"at": "postprocess", "rank": 70, "instances": 330})
    told = str(caught.value).partition(": it held ")[2].split("; ")
    assert len(told) == 5 and told[-1].startswith("and ") and told[-1].endswith(" more")
    assert any("instance 70, in postprocess of Dies" in each for each in told)
    assert not (tmp_path / "out").exists()
