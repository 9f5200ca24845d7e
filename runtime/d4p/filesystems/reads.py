"""What a process reads besides what its plan says: notes, by which a later run knows whether it would read the same.

A note is (kind, URL, what was found there when it was first looked at):

    "file"    its size and time of change, or None where there is none
    "names"   the number of names in a folder, or of what matches a glob, and their digest
    "there"   whether something is there

What lies in the program's own folder, which may be another in each run, is named from there ("program:gain.csv"), and
its content is looked at.

`d4p.files` notes what it does. What PEs open, list and glob by themselves is seen by an audit hook, once a process is
told to `watch`: it can't be taken away again, and costs a little each time. It doesn't see what C code reads (HDF5,
netCDF) and what child processes do. Not noted are: code, what the system and installed packages have, what the process
itself wrote, the run's own outputs, and more than so many.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import sys
import threading
from collections.abc import Iterable
from typing import Any

from d4p.filesystems import Local, locate

MOST = 10_000
_SHOWN = 3
_PROGRAM, _MOST_BYTES = "program:", 16 << 20
_CODE = (".py", ".pyc", ".pyi", ".so")
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/run/", "/etc/", "/usr/", "/lib/", "/lib64/")
_PRIVATE = (f"{os.sep}.cache{os.sep}", f"{os.sep}.config{os.sep}", f"{os.sep}.local{os.sep}",
            f"{os.sep}__pycache__{os.sep}")
_EVENTS = frozenset({"open", "os.listdir", "os.scandir", "glob.glob/2", "pathlib.Path.glob",
                     "pathlib.Path.rglob"})
_GLOBS = ("glob", "pathlib", "pathlib._local", "pathlib._abc", "pathlib._glob")


class _Notes:
    """Those of this process."""

    def __init__(self) -> None:
        self.hooked, self.busy = False, threading.local()
        self.start("")

    def start(self, run: str) -> None:
        self.run, self.watching, self.pid = run, False, os.getpid()
        self.all: dict[tuple[str, str], Any] = {}
        self.new: list[list[Any]] = []
        self.wrote: set[str] = set()
        self.outputs: tuple[str, ...] = ()
        self.program = ""


_notes = _Notes()


def start(watched: bool, program: str = "") -> None:
    """Begin a run, on its driver, before its workflow is imported; `program` is the folder of its program."""
    _notes.start("")
    _notes.program = program
    if watched:
        _watch()


def begin(run: str, outputs: Iterable[str], watched: bool, program: str = "") -> None:
    """Take part in a run, in any process: what lies in `outputs`, paths of this machine, is its own."""
    if _notes.run not in ("", run):  # a process of Spark's, or of tests, serves one run after the other
        _notes.start(run)
    _notes.run, _notes.outputs, _notes.program = run, tuple(outputs), program
    if watched:
        _watch()


def _watch() -> None:
    """See what is opened, listed and globbed in this process, and in those forked from it."""
    _notes.watching = True
    if not _notes.hooked:
        _notes.hooked = True
        _system()
        sys.addaudithook(_hook)


def taken() -> list[list[Any]]:
    """The notes that this process has made since it was asked last."""
    if _notes.pid != os.getpid():  # what the parent noted is the parent's to tell
        _notes.pid, _notes.new = os.getpid(), []
    found, _notes.new = _notes.new, []
    return found


def note(kind: str, fs: Any, name: str, found: Any = None) -> None:
    """Note what `kind` of thing is at a path of a file system; `found` is the list of names where that is known."""
    if isinstance(fs, Local):
        name = os.path.abspath(name)
        if not _counts(name):
            return
    url = _url(name) if isinstance(fs, Local) else fs.unstrip_protocol(name)
    if (kind, url) in _notes.all or len(_notes.all) >= MOST:
        return
    if _notes.pid != os.getpid():
        taken()
    _notes.all[kind, url] = None
    _notes.all[kind, url] = value = _state(kind, url) if found is None else _digest(found, fs)
    _notes.new.append([kind, url, value])


def changes(notes: Iterable[list[Any]]) -> str:
    """What is no longer as it was noted, in words; "" where all is."""
    found = []
    for kind, url, was in notes:
        now = _state(kind, url)
        if now != was:
            what = ("other names" if kind == "names" else "gone" if was and not now else "there now" if not was else
                    "another size or time")
            found.append(f"{_shown(url)} ({what})")
    found = list(dict.fromkeys(found))
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _url(path: str) -> str:
    """How a path of this machine is noted."""
    inside = _notes.program and path.startswith(f"{_notes.program}/")
    return f"{_PROGRAM}{path[len(_notes.program) + 1:]}" if inside else f"file://{path}"


def _state(kind: str, url: str) -> Any:
    """What is there now, as JSON has it."""
    try:
        if url.startswith(_PROGRAM):
            fs, name = Local(), os.path.join(_notes.program, url.removeprefix(_PROGRAM))
            if kind == "file" and os.path.getsize(name) <= _MOST_BYTES:
                with open(name, "rb") as file:
                    return hashlib.sha256(file.read()).hexdigest()[:16]
        else:
            fs, name = locate(url)
        if kind == "there":
            return bool(fs.exists(name))
        if kind == "names":
            return _digest(fs.ls(name, detail=False) if fs.isdir(name) else fs.glob(name), fs)
        if isinstance(fs, Local):
            status = os.stat(name)
            return [status.st_size, status.st_mtime_ns]
        info = fs.info(name)
        changed = next((str(info[key]) for key in ("mtime", "modified", "LastModified", "last_modified", "updated")
                        if info.get(key) is not None), "")
        return [info.get("size"), changed]
    except (OSError, ValueError):
        return None


def _digest(names: Iterable[str], fs: Any) -> list[Any]:
    """Of what is in sight, but for the run's own."""
    paths = [os.path.abspath(name) if isinstance(fs, Local) else str(name).rstrip("/") for name in names]
    seen = sorted(_url(path) for path in paths if not os.path.basename(path).startswith((".", "__pycache__"))
                  and not (isinstance(fs, Local) and _own(path)))
    return [len(seen), hashlib.sha256("\0".join(seen).encode(errors="surrogateescape")).hexdigest()[:16]]


def _own(path: str) -> bool:
    return any(f"{path}/".startswith(f"{output}/") for output in _notes.outputs)


@functools.cache
def _system() -> tuple[str, ...]:
    """The folders of the system, and of installed packages."""
    import sysconfig  # here, since it takes long, and most runs note nothing

    return (*_SYSTEM, *(path + os.sep for path in sysconfig.get_paths().values()))


def _counts(path: str) -> bool:
    """Whether a path of this machine is of the run's input, as far as anyone can tell."""
    if path.endswith(_CODE) or path.startswith(_system()) or any(part in path for part in _PRIVATE):
        return False
    return ".d4p-unfinished" not in path and path not in _notes.wrote and not _own(path)


def _shown(url: str) -> str:
    path = url.removeprefix("file://")
    if url.startswith(_PROGRAM):
        return f"{url.removeprefix(_PROGRAM)} beside the workflow"
    here = os.getcwd() + os.sep
    return path.removeprefix(here) if path != url else url


def _hook(event: str, arguments: tuple) -> None:
    if event not in _EVENTS or not _notes.watching or getattr(_notes.busy, "now", False):
        return
    _notes.busy.now = True
    try:
        _see(event, arguments, sys._getframe(1))
    except (OSError, ValueError, TypeError):
        pass  # what it was called with makes no sense, as the caller is told
    finally:
        _notes.busy.now = False


def _see(event: str, arguments: tuple, caller: Any) -> None:
    module, function = caller.f_globals.get("__name__"), caller.f_code.co_name
    while caller.f_back is not None and caller.f_globals.get("__name__") in _GLOBS:
        caller = caller.f_back
    if f"{caller.f_globals.get('__name__')}.".startswith("d4p.") or caller.f_code.co_filename.startswith("<frozen "):
        return
    path = arguments[0]
    if event == "open":
        if isinstance(path, int):
            return
        path = os.path.abspath(os.fsdecode(path))
        if _writes(*arguments[1:3]):
            _notes.wrote.add(path)
        elif _counts(path) and not stat.S_ISDIR(_mode(path)):
            note("file", Local(), path)
        return
    if event.startswith("pathlib."):
        path = os.path.join(path, "**", arguments[1]) if event.endswith("rglob") else os.path.join(path, arguments[1])
    elif event == "glob.glob/2" and arguments[2] is not None:
        path = os.path.join(os.fsdecode(arguments[2]), os.fsdecode(path))
    elif event in ("os.scandir", "os.listdir"):
        if isinstance(path, int):
            return
        if module in _GLOBS and function != "iterdir":
            return  # what matches was noted
    note("names", Local(), os.fsdecode(path if path is not None else "."))


def _writes(mode: Any, flags: Any) -> bool:
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and flags & os.O_ACCMODE != os.O_RDONLY


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0
