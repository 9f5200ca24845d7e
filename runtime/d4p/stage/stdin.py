"""`sys.stdin` of PEs: all its lines where one instance reads it, whose process has it; else a refusal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from d4p.errors import RunFailed
from d4p.graph.core import GenericPE

_READ = ("buffer", "detach", "read", "readline", "readlines")
_DO = "put what it reads into a file, for ReadLines say, or give it as the PE's items with -d or -f"


class Stdin:
    """Stands in the place of `sys.stdin` and looks who reads it.

    Args:
        real: what it stands for.
        folder: the run's, where the processes of a run say who reads it.
        why: why nobody may, if so.
        terminal: whether it may be read where it is a terminal: by all, since somebody is there to say which is which.
    """

    def __init__(self, real: Any, folder: str = "", why: str = "", terminal: bool = False) -> None:
        self._real, self._folder, self._why, self._terminal = real, folder, why, terminal

    def __getattr__(self, name: str) -> Any:
        if name in _READ:
            self._look()
        return getattr(self._real, name)

    def __iter__(self) -> Iterator[str]:
        self._look()
        return iter(self._real)

    def __next__(self) -> str:
        self._look()
        return next(self._real)

    def __enter__(self) -> Stdin:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def _look(self) -> None:
        """Raises RunFailed, which comes out of the PE that reads, where it may not."""
        if self._why:
            raise RunFailed(f"sys.stdin can't be read here: {self._why}; {_DO}")
        pe = _reader()
        if pe is None or self._real is None:
            return
        if self._real.isatty():
            if not self._terminal:
                raise RunFailed(f"sys.stdin can't be read here: it is a terminal, which workers don't share; {_DO}")
            return
        _, instances = pe._d4p_share
        if instances > 1:
            raise RunFailed(f"sys.stdin can be read by one instance, and there are {instances} of this PE: say "
                            f"`single = True` in its class, or {_DO}")
        if (first := self._claimed(pe.id)) != pe.id:
            raise RunFailed(f"sys.stdin can be read by one PE, and {first} reads it: send on from there, or {_DO}")

    def _claimed(self, name: str) -> str:
        """Who reads it: this one, or whoever came first."""
        path = os.path.join(self._folder, ".stdin")
        mine = f"{path}-{os.getpid()}"
        with open(mine, "w") as file:
            file.write(name)
        with contextlib.suppress(FileExistsError):
            os.link(mine, path)
        os.unlink(mine)
        with open(path) as file:
            return file.read()


@contextlib.contextmanager
def lent(folder: str) -> Iterator[None]:
    """Within this PEs may read the program's own, as `Stdin` allows, also at a terminal."""
    before, sys.stdin = sys.stdin, Stdin(sys.stdin, folder, terminal=True)
    try:
        yield
    finally:
        sys.stdin = before


def share(folder: str) -> None:
    """From now on PEs in this process may read the program's, which it has inherited."""
    with contextlib.suppress(OSError):  # the program has none
        sys.stdin = Stdin(open(0, closefd=False), folder)


def refuse(why: str) -> None:
    """From now on no PE in this process may read it."""
    real = sys.stdin
    sys.stdin = real if isinstance(real, Stdin) else Stdin(real, why=why)


def _reader() -> Any:
    """The PE's instance that is at work, of all that called one another the innermost."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        found = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
        if isinstance(found, GenericPE) and hasattr(found, "_d4p_share"):
            return found
        frame = frame.f_back
    return None
