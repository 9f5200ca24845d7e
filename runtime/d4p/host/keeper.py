"""Everything that a run starts is known by a mark, and ends with the run, whoever of it dies: a process beside it sees
to that.

The mark is the soft limit of time that a process may have under a real-time scheduler: some 146,000 years, and a number
that is the run's own. Whatever a process starts inherits it, also with an empty environment, in a session of its own,
or when its parent is gone. So Linux tells at any time, and for sure, what belongs to a run. Elsewhere nothing is
marked, and processes are ended by groups alone.

The keeper has this file as its program (`d4p.host.keeping` starts it), and so imports nothing of d4p; and until there
is something to end nothing that takes long either, since every run starts one.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LIMIT = getattr(resource, "RLIMIT_RTTIME", None) if hasattr(resource, "prlimit") else None
_MARKED, _RUNS, _MEMBERS = 1 << 62, 1 << 41, 1 << 20
#: Seconds that a program has to end in its own way before it is killed, and that the killed have to be gone.
GRACE, _GONE = 5.0, 5.0
#: In a run's folder: its mark, and locks of those that use the folder: its owner at byte 0, its keeper at byte 1,
#: others behind them.
LOCK = ".keeper"
_KEEPER, _OTHERS = 1, 2


class _suppress:
    """What `contextlib` has, which takes as long to import as Python to start."""

    def __init__(self, *errors: type[BaseException]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> bool:
        return kind is not None and issubclass(kind, self._errors)


def new() -> int:
    """The mark of a new run."""
    return _MARKED | int.from_bytes(os.urandom(8), "big") % _RUNS * _MEMBERS


def member(mark: int, number: int) -> int:
    """The mark of one of a run's own processes, from 1, and of what that starts; 0 is the program's."""
    return mark // _MEMBERS * _MEMBERS + number


def worn() -> int:
    """The mark of this process; 0 where it has none."""
    return _of(0)


def wear(mark: int, process: int = 0) -> None:
    """Mark a process, this one by default, and what it will start."""
    with _suppress(OSError, ValueError):  # it is gone; or this machine forbids that
        if _LIMIT is not None:
            resource.prlimit(process, _LIMIT, (mark, resource.prlimit(process, _LIMIT)[1]))


def _of(process: int) -> int:
    if _LIMIT is None:
        return 0
    try:
        mark = resource.prlimit(process, _LIMIT)[0]
    except OSError:  # gone, or another user's
        return 0
    return mark if mark > _MARKED else 0


def wearers(run: int, members: Iterable[int] | None = None) -> list[int]:
    """The living processes of a run but for this one: all, or those of some members and what these started; not the
    one in which `multiprocessing` keeps track of shared memory."""
    if not run or _LIMIT is None:
        return []
    marks = None if members is None else {member(run, number) for number in members}
    found = []
    for process in map(int, filter(str.isdigit, os.listdir("/proc"))):
        mark = _of(process) if process != os.getpid() else 0
        if mark and (member(mark, 0) == member(run, 0) if marks is None else mark in marks):
            if _lives(process) and not _tracks(process):
                found.append(process)
    return found


def _lives(process: int) -> bool:
    return (_fields(process) or "Z")[0] != "Z"


def _tracks(process: int) -> bool:
    """Whether it is that of `multiprocessing`, which ends and removes what is left when all that it serves are gone."""
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return b"multiprocessing.resource_tracker" in file.read()
    except OSError:
        return False


def _fields(process: int) -> list[str]:
    """Of a process: its state, its parent, and more."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def end(run: int, members: Iterable[int] | None = None, grace: float = 0.0) -> None:
    """End processes of a run (see `wearers`): those that others haven't started are asked to where there is `grace`,
    seconds in which they may end the others in their own way. Once they are gone, or after that, all are killed."""
    import signal  # here, since it is a third of what the keeper would import to wait

    if grace and (found := wearers(run, members)):
        first = [process for process in found if int((_fields(process) or "01")[1]) not in found]
        _signal(first, signal.SIGTERM)
        until = time.monotonic() + grace
        while not set(first).isdisjoint(wearers(run, members)) and time.monotonic() < until:
            time.sleep(0.02)
    until = time.monotonic() + _GONE
    while (found := wearers(run, members)) and time.monotonic() < until:
        _signal(found, signal.SIGKILL)
        time.sleep(0.002)


def _signal(processes: Iterable[int], number: int) -> None:
    for process in processes:
        with _suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)


def end_own() -> None:
    """End what this process has started, and all that came of that."""
    mark = worn()
    end(mark, [mark % _MEMBERS])


def keep(owner: str, mark: str, folder: str, *more: str) -> None:
    """Wait until the owner is gone, then end what it has left."""
    if _LIMIT is not None:  # a run within a run: its keeper is none of the outer's, whose end may be what it waits for
        most = resource.getrlimit(_LIMIT)[1]
        resource.setrlimit(_LIMIT, (most, most))
    lock = use(folder, _KEEPER)
    _until_gone(int(owner))
    end(int(mark), grace=GRACE)
    until = time.monotonic() + GRACE
    while lock is not None and not _locked(lock, _OTHERS, 0) and time.monotonic() < until:
        time.sleep(0.02)
    remove([folder, *more])


def remove(paths: Iterable[str]) -> None:
    """Remove files and folders, as far as they are there."""
    import shutil  # here, as `signal` above

    for path in paths:
        with _suppress(OSError):  # it is a folder
            os.unlink(path)
        shutil.rmtree(path, ignore_errors=True)


def use(folder: str, number: int) -> int | None:
    """Have a run's folder stay, in which other processes of the run on this machine look after its owner's death, until
    this process is gone too. They are numbered from 2; gives the open file."""
    with _suppress(OSError):
        lock = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CLOEXEC)
        return lock if _locked(lock, number, 1) else None
    return None


def _locked(lock: int, start: int, length: int) -> bool:
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        return True
    except OSError:
        return False


def _until_gone(owner: int) -> None:
    if hasattr(os, "pidfd_open"):
        with _suppress(OSError):
            process = os.pidfd_open(owner)
            if os.getppid() == owner:  # and so the number is still its own
                select.select([process], [], [])
            return
    while os.getppid() == owner:
        time.sleep(0.2)
