"""The start of a run's keeper."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import Any, cast

from d4p.host import keeper

#: In the environment of a program whose run somebody else keeps: the run's mark.
MARK = "D4P_RUN"
#: What a terminal sends to those that it has started: the keeper stays until they are gone.
_NOT_FOR_IT = (signal.SIGINT, signal.SIGHUP)


def start(mark: int, *folders: str) -> subprocess.Popen:
    """Start a keeper of what this process owns: the processes of a mark, and folders, of which all but the first may be
    files; they go when it has gone."""
    # It is handed its program, which it would otherwise look for in a zip: that takes longer than all else it does.
    program = cast(Any, keeper.__loader__).get_source(keeper.__name__) + "\nimport sys\nkeep(*sys.argv[1:])\n"
    code = f"exec(open(0).read({len(program)}))  # the keeper of a run"
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _NOT_FOR_IT)  # which it inherits
    try:
        made = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code, str(os.getpid()), str(mark), *folders],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            start_new_session=True, close_fds=True,
        )  # fmt: skip
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert made.stdin is not None
    with contextlib.suppress(OSError), made.stdin:  # it is gone already
        made.stdin.write(program.encode())
    return made
