"""The child process of an isolated PE: the PE's own work, item by item, for `d4p.stage.isolated`.

It is a Python of its own, so that neither threads nor what an engine holds come into it. What the PE writes and logs
goes back as it comes.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from d4p.describe.tracebacks import own_traceback
from d4p.filesystems import use_default
from d4p.graph.core import GenericPE
from d4p.host import scratch
from d4p.host.threads import use_threads
from d4p.items.packing import pack, unpack
from d4p.stage.raised import pickled

#: What is sent back: a log's line, an item for a port, what was returned, an exception.
LOG, WRITE, DONE, RAISED = range(4)
#: What Linux calls prctl's PR_SET_PDEATHSIG.
_DEATH_SIGNAL = 1


def main(asked: int, answers: int, parent: int) -> None:
    """Do what is asked over a pipe until that is closed."""
    _end_with(parent)
    take, give = Connection(asked, writable=False), Connection(answers, readable=False)
    os.set_inheritable(asked, False)
    os.set_inheritable(answers, False)
    try:
        setting = pickle.loads(take.recv_bytes())
        pe = _made(give, *setting)
        while True:
            method, arguments = _unpacked(take.recv_bytes())
            _answer(pe, method, arguments, give)
    except (EOFError, BrokenPipeError):
        pass
    sys.stdout.flush()
    os._exit(0)  # whatever threads the PE has left


def _end_with(parent: int) -> None:
    """A PE that hangs can't see that nobody waits for it any more."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _made(give: Connection, path: list[str], default: tuple, scratch_folder: str | None, threads: int,
          memory: int | None, workflow: bytes, name: str, index: int, instances: int) -> Any:
    """The PE's instance, as an engine makes it."""
    sys.path[:] = path
    use_default(*default)
    scratch.use(scratch_folder)
    use_threads(threads)
    if memory is not None:
        with suppress(OSError, ValueError):  # this machine forbids more, or knows no such limit
            resource.setrlimit(resource.RLIMIT_DATA, (memory, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    found = pickle.loads(workflow)
    pe = found.copy(name, index, instances)
    pe._d4p_log = lambda message: give.send_bytes(pickle.dumps((LOG, str(message))))
    pe._d4p_share = (index, instances)
    pe._d4p_ports = {port: _writer(give, port) for port in pe.outputconnections}
    return pe


def _writer(give: Connection, port: str) -> Callable[[Any], None]:
    def write(item: Any) -> None:
        give.send_bytes(pickle.dumps((WRITE, (port, pack([item])))))

    return write


def _unpacked(message: bytes) -> tuple[str, list[Any]]:
    method, packed = pickle.loads(message)
    return method, unpack(packed)


def _answer(pe: Any, method: str, arguments: list[Any], give: Connection) -> None:
    try:
        returned = getattr(pe, method)(*arguments)
        if type(returned) is dict and method == "process" and _writes_itself(pe):
            for port, item in returned.items():  # through what its class puts around `write`
                pe.write(port, item)
            returned = None
        packed = pack([returned])
    except BaseException as error:
        if isinstance(error, MemoryError):
            traceback.clear_frames(error.__traceback__)  # what filled it, so that there is some to tell of it
        told = own_traceback(error, traceback.walk_tb(error.__traceback__), "")
        give.send_bytes(pickle.dumps((RAISED, (pickled(error), told))))
    else:
        give.send_bytes(pickle.dumps((DONE, packed)))


def _writes_itself(pe: Any) -> bool:
    return type(pe).write is not GenericPE.write or type(pe)._write is not GenericPE._write
