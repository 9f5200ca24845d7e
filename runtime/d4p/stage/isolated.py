"""A PE in a child process: one that is ended by a signal, or hangs, costs an item and not the run."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from d4p.describe.ended import how
from d4p.describe.tracebacks import TOLD
from d4p.errors import RunFailed
from d4p.filesystems import default
from d4p.graph.policies import Isolation
from d4p.host import scratch, usage
from d4p.host.threads import threads
from d4p.items.packing import pack, unpack
from d4p.stage.child import DONE, LOG, RAISED, WRITE
from d4p.version import __file__ as here

#: Seconds that a child has to end once nothing more is asked of it, and after which one that closed its pipe is ended.
_GRACE, _DYING = 2.0, 0.5
_CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from d4p.stage.child import main; main(*map(int, sys.argv[2:]))"


class TimeLimitExceeded(Exception):
    """A PE took longer for an item than its `time_limit`."""


class ProcessDied(Exception):
    """The process of an isolated PE ended while it was at an item."""


class Isolated:
    """One instance of a PE, whose work is done in a child process. It is started with `preprocess`, and again after an
    item that it did not live through.

    Args:
        pe: the instance in this process, which writes and logs for the child; its methods are replaced.
        workflow: where the child takes the PE from, with `name`, `index` and `instances`.
        isolation: how long an item may take there, and how much memory.
    """

    def __init__(self, pe: Any, workflow: Any, name: str, index: int, instances: int, isolation: Isolation) -> None:
        self.pe, self.name = pe, name
        self._setting, self._memory = (workflow, name, index, instances), isolation.memory
        self._limit = isolation.limit
        self._child: subprocess.Popen | None = None
        self._asks: Any = None
        self._answers: Any = None
        self._spent: float | None = 0.0  # CPU seconds of children that are no more
        pe.preprocess, pe.postprocess = self._start, self._postprocess
        pe.process, pe._process = self.process, self._process

    def process(self, *inputs: Any) -> Any:
        return self._call("process", inputs, self._limit)

    def _process(self, *inputs: Any) -> Any:
        return self._call("_process", inputs, self._limit)

    def cpu(self) -> float | None:
        """CPU seconds of its children so far; None where the system doesn't tell. Another thread may ask."""
        child, spent = self._child, self._spent
        if child is None or spent is None:
            return spent
        now = usage.cpu_of(child.pid)
        return None if now is None else spent + now

    def _start(self) -> None:
        """Start the child, and have it run `preprocess`."""
        workflow, name, index, instances = self._setting
        asked, self._asks = _pipe()
        self._answers, answers = _pipe()
        root = os.path.dirname(os.path.dirname(os.path.abspath(here)))
        words = [sys.executable, "-c", _CHILD, root, str(asked.fileno()), str(answers.fileno()), str(os.getpid())]
        try:
            self._child = subprocess.Popen(words, stdin=subprocess.DEVNULL,
                                           pass_fds=(asked.fileno(), answers.fileno()))
        except OSError as error:
            raise RunFailed(f"{name} is isolated, and its process could not be started: {error}") from error
        asked.close()
        answers.close()
        setting = (sys.path, default(), scratch.folder(), threads(), self._memory, pickle.dumps(workflow), name, index,
                   instances)
        try:
            self._asks.send_bytes(pickle.dumps(setting))
            self._call("preprocess", (), None)
        except (ProcessDied, BrokenPipeError) as died:
            raise RunFailed(f"{name} ({type(self.pe).__name__}), in preprocess: {died}") from None

    def _postprocess(self) -> None:
        if self._child is None:
            self._start()
        self._call("postprocess", (), None)
        self.end()

    def _call(self, method: str, arguments: tuple, limit: float | None) -> Any:
        """What a method of the PE returns in the child, and what it writes and logs there."""
        if self._child is None:
            self._start()
        until = None if limit is None else time.monotonic() + limit
        try:
            self._asks.send_bytes(pickle.dumps((method, pack(list(arguments)))))
            while True:
                if until is not None and not self._answers.poll(max(0.0, until - time.monotonic())):
                    self._take_too_long(limit)
                what, content = pickle.loads(self._answers.recv_bytes())
                if what == DONE:
                    return unpack(content)[0]
                if what == RAISED:
                    raise _again(*content)
                if what == WRITE:
                    port, packed = content
                    self.pe._d4p_ports[port](unpack(packed)[0])
                elif what == LOG:
                    self.pe._d4p_log(content)
                if until is not None and time.monotonic() > until:  # there may always be something that it has written
                    self._take_too_long(limit)
        except (EOFError, ConnectionError):
            raise ProcessDied(f"its process {how(self._kill(_DYING))}") from None

    def _take_too_long(self, limit: float | None) -> NoReturn:
        self._kill(0.0)
        raise TimeLimitExceeded(f"it took longer than its time_limit of {limit:g} s, and its process was ended")

    def end(self) -> None:
        """No more is asked."""
        if self._child is not None:
            self._kill(_GRACE)

    def _kill(self, grace: float) -> int:
        """End the child, once it has had some seconds to do so itself, and what it has started; gives its exit
        status."""
        spent = self.cpu()
        process, self._child = self._child, None
        self._spent = spent
        assert process is not None
        self._asks.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        self._answers.close()
        return process.wait(_GRACE)


def _pipe() -> tuple[Connection, Connection]:
    """The end to read from, and the one to write to."""
    reads, writes = os.pipe()
    return Connection(reads, writable=False), Connection(writes, readable=False)


def _again(pickled: bytes, told: str) -> BaseException:
    """The exception that the PE raised in the child, with its traceback there."""
    made: BaseException = pickle.loads(pickled)
    with suppress(AttributeError):  # of a class with slots
        setattr(made, TOLD, told)
    return made
