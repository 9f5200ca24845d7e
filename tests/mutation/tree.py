"""Copies of the checkout, which itself is never touched: a fault is put into one, and tests run in a fork within it."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_PDEATHSIG = 1  # of Linux's prctl
#: MPI begins as it is imported, and whoever is forked later has half of it.
NOT_WARMED = ("mpi4py",)


class Tree:
    """A copy of the files that git knows, or would add, of the checkout `root`."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        named = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=60).stdout
        self._names = set()  # the checkout's own; what an environment in it has is none of them
        for name in filter(None, named.split("\0")):
            if (root / name).is_file():
                self._names.add(str(root / name))
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / name, folder / name)

    def write(self, name: str, source: bytes) -> None:
        """Change a file; what Python compiled of it before is forgotten, since size and time may be the same."""
        path = self.folder / name
        path.write_bytes(source)
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()

    def fork(self, work: Callable[[], Any], said: Path) -> int:
        """Start `work` in a fork, in a session of its own, whose modules are this copy's; its exit status is what
        `work` returns, its output goes to the file `said`."""
        sys.stdout.flush()
        if pid := os.fork():
            return pid
        status = 70
        try:
            os.setsid()
            _end_with_parent()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for at, file in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
                os.dup2(file, at)
            self._enter()
            status = int(work())
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)

    def _enter(self) -> None:
        ours = {str(self.folder), str(self.folder / "runtime")}
        theirs = {"", str(self.root), str(self.root / "runtime")}
        os.chdir(self.folder)
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) in self._names and name != "__main__":
                del sys.modules[name]
        sys.path[:] = [*ours, *(path for path in sys.path if path not in theirs)]
        os.environ["PYTHONPATH"] = os.pathsep.join(sorted(ours))


def _end_with_parent() -> None:
    """End when the process that this one is forked from is killed, where the system can do that: on Linux."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


def warm(modules: list[str]) -> None:
    """Import what tests need and isn't ours, once for all forks."""
    for name in modules:
        if name.split(".")[0] not in NOT_WARMED:
            try:
                import_module(name)
            except Exception:
                pass  # it is imported where it is needed, or fails there
    gc.collect()
    gc.freeze()  # no fork looks through all of it again
