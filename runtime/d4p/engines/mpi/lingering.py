"""The connections of a rank that ends before mpiexec has ended the others: they stay open until it has.

Open MPI takes a connection to another machine that is closed for a fault of its own, and where it comes to know of it
before mpiexec does, ends with six lines that bury the ones that tell what happened.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import time
from collections.abc import Iterator

#: Seconds after which nobody is waited for, and between two looks.
_LONGEST, _LOOK = 10.0, 0.02


def leave_open() -> None:
    """Leave the connections to ranks on other machines to a process that goes when this one's mpiexec has."""
    kept = sorted(_to_other_machines())
    if not kept:
        return
    launcher = os.getppid()
    try:
        if os.fork() == 0:
            _hold(kept, launcher)
    except OSError:  # no room for a process: then it is said twice
        pass


def _to_other_machines() -> Iterator[int]:
    """Descriptors of connections by TCP, but for those within this machine, of which mpiexec's is one."""
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return  # no /proc here
    for number in numbers:
        try:
            with socket.socket(fileno=os.dup(number)) as own:
                if own.family in (socket.AF_INET, socket.AF_INET6) and own.type == socket.SOCK_STREAM \
                        and not ipaddress.ip_address(own.getpeername()[0].partition("%")[0]).is_loopback:
                    yield number
        except OSError:
            pass  # not a socket, or not connected


def _hold(kept: list[int], launcher: int) -> None:
    """Hold these and nothing else while a process lives. Doesn't return."""
    try:
        for number in {int(name) for name in os.listdir("/proc/self/fd")}.difference(kept):
            with contextlib.suppress(OSError):  # that of the folder itself
                os.close(number)
        last = time.monotonic() + _LONGEST
        while os.path.exists(f"/proc/{launcher}") and time.monotonic() < last:
            time.sleep(_LOOK)
    finally:
        os._exit(0)
