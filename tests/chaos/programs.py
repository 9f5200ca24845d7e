"""Programs of which a process is killed: started in a session of their own, with temporary folders of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def started(command: list[str], here: Path, temporary: Path, **environment: str) -> Iterator[subprocess.Popen]:
    """A program that runs in `here` and makes its temporary files in `temporary`; none of it outlives the test."""
    temporary.mkdir(exist_ok=True)
    program = subprocess.Popen(command, cwd=here, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**os.environ, "TMPDIR": str(temporary), **environment}, start_new_session=True)
    try:
        yield program
    finally:
        for process in living(program.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        program.wait(30)


def living(leader: int) -> list[int]:
    """The living processes of the session that a program leads."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == leader and fields[0] != "Z":
                    found.append(int(entry.name))
    return found


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something to become true."""
    last = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < last, "it never came to that"
        time.sleep(0.01)
