"""Who may write an output: one run at a time, also where runs start on several machines.

A claim is a file `claim-<n>` in the unfinished folder that tells whose it is. It is made exclusively, so of two
programs that start at once one gets it. The claim of a run that is gone stays; whoever finds it makes the one with the
next number, exclusively too. The highest number holds.

On the machine that it was made on, a claim is of a run that is gone if its process is. From elsewhere nobody can look,
so a run says every BEAT seconds that it lives, and one that hasn't for LEASE seconds (the clocks of machines that
share files differ by less) is taken to be gone; should it come back, it finds that its claim no longer holds, and
commits nothing. YARN starts an application's next attempt only once the one before is gone.
"""

from __future__ import annotations

import errno
import json
import os
import re
import time
from contextlib import suppress
from typing import Any

from d4p.errors import Refused, RunFailed
from d4p.outputs import written
from d4p.outputs.store import Store

BEAT, LEASE = 20.0, 120.0
_OURS = re.compile(r"claim-\d+(\.beat)?|run\.json|commit\.json|attempts|whole|reads")
_CLAIM = re.compile(r"claim-(\d+)")
_CONTAINER = re.compile(r"container(?:_e\d+)?_(\d+_\d+)_(\d+)_\d+$")  # application, attempt
_TRIES = 5


class Claim:
    """A claim that was taken."""

    def __init__(self, store: Store, folder: str, number: int, run: str, output: str) -> None:
        self.path = f"{folder}/claim-{number}"
        self._store, self._folder, self._number, self._run, self._output = store, folder, number, run, output

    def beat(self) -> None:
        """Say that the run is still there."""
        self._store.write(f"{self.path}.beat", str(time.time()).encode())

    def check(self) -> None:
        """Raises RunFailed where another run has taken over, OSError where the folder isn't this user's any more."""
        self._store.check_own(self._folder)
        highest, who = _holder(self._store, self._folder)
        if highest != self._number or who is None or who["run"] != self._run:
            other = f"another, {_described(who)}, has taken over" if who else "its claim is gone"
            raise RunFailed(f"{self._output} isn't this run's any more: {other}. It said nothing for more than "
                            f"{LEASE:.0f} seconds, or its folder was removed")

    def release(self) -> None:
        """Let go. A folder with nothing but claims goes too, unless the next run has claimed it meanwhile.

        Those of runs that are gone go first: as long as this one holds, none can be made with a number below its own.
        """
        names = {name: _numbered(name) for name in self._store.sizes(self._folder)}
        for name in sorted(name for name, number in names.items() if 0 < number < self._number):
            self._store.remove(f"{self._folder}/{name}")
        self._store.remove(f"{self.path}.beat")
        self._store.remove(self.path)
        self._store.rmdir(self._folder)


def take(store: Store, folder: str, run: str, output: str) -> Claim:
    """The claim of a run on the folder. Raises Refused where another run has it, and OSError, also where it isn't this
    user's own, or holds what no run leaves there."""
    me = json.dumps({"run": run, **_here(), "at": time.time()}).encode()
    for _ in range(_TRIES):
        try:
            mine = _tried(store, folder, run, output, me)
        except KeyboardInterrupt:
            with suppress(OSError):
                store.rmdir(folder)  # where it has nothing in it
            raise
        if mine is not None:
            return mine
    raise Refused(f"{output} is being claimed by other runs at the same time: give each its own folder")


def _tried(store: Store, folder: str, run: str, output: str, me: bytes) -> Claim | None:
    """The claim, or None where others were at it at the same time."""
    store.check_own(folder)
    try:
        store.makedirs(folder)
    except FileExistsError:  # another removed it just then
        return None
    store.check_own(folder)
    _no_stranger(store, folder)
    number, other = _holder(store, folder)
    if other is not None:
        _refuse_if_alive(store, folder, number, other, run, output)
    mine = Claim(store, folder, number + 1, run, output)
    try:
        store.create(mine.path, me)
        highest, _ = _holder(store, folder)
        if highest == number + 1 and _content(store, folder, number) == other:
            return mine
    except (FileExistsError, FileNotFoundError):  # another was faster; or removed the folder, being done
        return None
    except KeyboardInterrupt:
        with suppress(OSError):
            if (_content(store, folder, number + 1) or {}).get("run") == run:
                mine.release()
        raise
    store.remove(mine.path)
    return None


def _no_stranger(store: Store, folder: str) -> None:
    """Raises OSError where something is in the folder that would be lost with it and isn't a run's."""
    found = sorted(name for name in store.sizes(folder) if not name.startswith(".") and not _OURS.fullmatch(name))
    if found:
        raise FileExistsError(errno.EEXIST, f"{folder}, where what isn't finished is kept, has {found[0]}, which no "
                              "run leaves there: move it away, or give another folder")


def _holder(store: Store, folder: str) -> tuple[int, dict[str, Any] | None]:
    """The claim in force: its number, 0 where there is none, and what it says; None for one being made just now."""
    numbers = [int(found[1]) for found in map(_CLAIM.fullmatch, store.sizes(folder)) if found]
    highest = max(numbers, default=0)
    return highest, _content(store, folder, highest)


def _numbered(name: str) -> int:
    """The number of the claim that a file belongs to: the claim, one half made, what its run last said; else 0."""
    found = _CLAIM.match(name.removeprefix("."))
    return int(found[1]) if found else 0


def _content(store: Store, folder: str, number: int) -> dict[str, Any] | None:
    return written.claim(store, f"{folder}/claim-{number}") if number else None


def _refuse_if_alive(store: Store, folder: str, number: int, who: dict[str, Any], run: str, output: str) -> None:
    if who["run"] == run:
        raise Refused(f"{output} is being written by another PE of this workflow: give each its own folder")
    if who["host"] == _here()["host"]:
        if _started(who["pid"]) == who["started"]:
            raise Refused(f"{output} is being written by another run, {_described(who)}: wait for it, end it, or give "
                          "another folder")
        return
    if _is_earlier_attempt(who.get("container")):
        return
    last = max(who["at"], _beat(store, f"{folder}/claim-{number}.beat"))
    left = LEASE - (time.time() - last)
    if left > 0:
        raise Refused(f"{output} is being written by another run, {_described(who)}: wait for it, end it, or give "
                      f"another folder. If it is gone, try again in {left:.0f} seconds")


def _described(who: dict[str, Any]) -> str:
    return f"process {who['pid']} on {who['host'].partition(' ')[0]}"


def _beat(store: Store, path: str) -> float:
    content = store.read(path)
    if content is None:
        return 0.0
    try:
        return float(content)
    except ValueError:  # being written just now
        return time.time()


def _here() -> dict[str, Any]:
    """This process, and the machine (or container) in which its number means something."""
    machine = [os.uname().nodename, _line("/proc/sys/kernel/random/boot_id")]
    try:
        machine.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        pass
    return {"host": " ".join(machine), "pid": os.getpid(), "started": _started(os.getpid()),
            "container": os.environ.get("CONTAINER_ID")}


def _is_earlier_attempt(container: str | None) -> bool:
    """Whether a YARN container was of an earlier attempt of the application that this process belongs to."""
    theirs, mine = _CONTAINER.match(container or ""), _CONTAINER.match(os.environ.get("CONTAINER_ID", ""))
    return theirs is not None and mine is not None and theirs[1] == mine[1] and int(theirs[2]) < int(mine[2])


def _started(pid: int) -> str | None:
    """When a process of this machine began, so that a number given out anew isn't taken for it; None if it is gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass  # another user's
    fields = _line(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if fields and fields[0] == "Z":
        return None
    return fields[19] if fields else "unknown"


def _line(path: str) -> str:
    try:
        with open(path) as file:
            return file.readline().strip()
    except OSError:
        return ""
