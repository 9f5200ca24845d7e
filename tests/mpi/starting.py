"""Start MPI programs with as many ranks as a test wants, whatever the MPI and the machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from d4p_compile.targets import mpi_here

#: Open MPI starts nothing as root, and not more ranks than cores, unless it is told to.
ANYWHERE = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe", "OMPI_MCA_rmaps_base_oversubscribe": "1"}


def mpiexec(ranks: int) -> list[str]:
    """The words that start so many ranks of what follows."""
    return [mpi_here.mpiexec(mpi_here.library()), "-n", str(ranks)]


@contextlib.contextmanager
def world(ranks: int, **more: str) -> Iterator[None]:
    """Within this, `d4p run` and the like start so many ranks."""
    with mock.patch.dict(os.environ, {**ANYWHERE, **more, mpi_here.VARIABLE: " ".join(mpiexec(ranks))}):
        yield


def on_ranks(ranks: int, script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess:
    """Run some Python on so many ranks."""
    return subprocess.run([*mpiexec(ranks), sys.executable, "-c", script, *arguments], capture_output=True, text=True,
                          timeout=60, env={**os.environ, **ANYWHERE, **more})


@contextlib.contextmanager
def started(*command: str, **how) -> Iterator[subprocess.Popen]:
    """A program in a session of its own, none of which outlives the test."""
    environment = {**os.environ, **ANYWHERE, **how.pop("env", {})}
    program = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               start_new_session=True, env=environment, **how)
    try:
        yield program
    finally:
        for process in session(program.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        program.communicate(timeout=120)


def session(leader: int) -> list[int]:
    """The living processes of the session that a program leads."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader and fields[0] != "Z":
                found.append(int(entry.name))
    return found
