"""Run spark-submit in deploy mode cluster: the program runs on a node; here its state is shown and its end awaited."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d4p.submit.client import ENDS, Watch, start
from d4p.submit.command import Command
from d4p.submit.report import exit_status, why
from d4p.submit.stages import active_stages
from d4p.submit.yarn import Application, Unreachable, Yarn

_ID = re.compile(r"application_\d+_\d+")
#: Seconds between two looks at the application.
_EVERY = 1.0
#: Of what spark-submit says, the lines that are kept.
_KEPT = 200
#: Seconds after which it is said why an application isn't started.
_SLOW = 30.0
#: Seconds that spark-submit is given to end.
_PATIENCE = 20.0


@dataclass(frozen=True)
class End:
    """What came of an application: the exit status, what the program printed, why it failed, all that Java said."""

    status: int
    printed: str = ""
    why: str = ""
    java: str = ""
    note: str = ""

    def reasons(self, java_stack: bool) -> Iterator[str]:
        """What to say of it, the cause first."""
        yield from filter(None, [self.why, self.java if java_stack else "", self.note])


def run(command: Command, environ: Mapping[str, str], hadoop: Path, say: Callable[[str], None],
        watch: Watch | None = None) -> End:
    """Submit, wait for the end, find out what came of it. An interrupt kills the application."""
    yarn = Yarn(hadoop)
    with _interruptible():
        process = start(command, environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = Said(process)
        try:
            _wait(process, said, yarn, say, watch)
        except KeyboardInterrupt:
            return _interrupted(process, said, yarn, say)
    said.reader.join(timeout=5)
    if said.id is None:
        return _never_there(said, process.returncode)
    return _ended(said.id, said.text, yarn, process.returncode)


class Said:
    """What spark-submit says while it runs: the application's id, and its last lines."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.id: str | None = None
        self.lines: deque[str] = deque(maxlen=_KEPT)
        self.reader = threading.Thread(target=self._read, args=(process.stderr,), daemon=True)
        self.reader.start()

    def _read(self, stream: Any) -> None:
        for raw in stream:
            line = raw.decode(errors="replace")
            self.lines.append(line.rstrip("\n"))
            if self.id is None and (found := _ID.search(line)):
                self.id = found[0]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def _wait(process: subprocess.Popen, said: Said, yarn: Yarn, say: Callable[[str], None], watch: Watch | None) -> None:
    """Until spark-submit ends, say what is new: the id, the address, the state."""
    address = state = ""
    told = slow = False
    since = time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_EVERY)
            return
        if said.id is None:
            continue
        if not told:
            say(f"application: {said.id}")
            told = True
        with contextlib.suppress(Unreachable):
            app = yarn.application(said.id)
            if app.address and not address:
                address = app.address
                say(f"address: {address}")
            if app.state != state:
                state, since = app.state, time.monotonic()
                say(f"state: {state.lower()}")
            if state == "ACCEPTED" and not slow and time.monotonic() - since > _SLOW:
                slow = True
                said_by_yarn = " ".join(app.diagnostics.split()) or "YARN doesn't say why"
                say(f"not started for {_SLOW:.0f} seconds: {said_by_yarn}")
            if watch and state == "RUNNING":
                for event in active_stages(app):
                    watch(event)


def _interrupted(process: subprocess.Popen, said: Said, yarn: Yarn, say: Callable[[str], None]) -> End:
    """Kill the application, at once if its id is known: nobody waits for it any more."""
    say(f"interrupted: {said.id or 'spark-submit'} is being killed")
    end = _killed(said.id, yarn) if said.id else None
    _stop(process)
    said.reader.join(timeout=5)
    if said.id is None:
        return End(130, why="interrupted before YARN had taken the application")
    return end or _killed(said.id, yarn)


def _killed(name: str, yarn: Yarn) -> End:
    try:
        yarn.kill(name)
    except Unreachable as error:
        return End(130, why=f"interrupted, but {name} couldn't be killed ({error}): yarn application -kill {name}")
    return End(130, why=f"interrupted: {name} was killed")


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ended(name: str, said: str, yarn: Yarn, status: int) -> End:
    """What came of an application, from YARN and from the log of the container that the program ran in."""
    app = _final(yarn, name)
    final = app.final if app else ("SUCCEEDED" if status == 0 else "FAILED")
    diagnostics = app.diagnostics if app else said
    if final == "KILLED":
        by = " ".join(diagnostics.split()) or "YARN doesn't say by whom"
        return End(1, why=f"failed: {name} was killed: {by}")
    try:
        log = yarn.driver_log(name, "stdout")  # where Spark puts both streams of a Python program
        log += "" if final == "SUCCEEDED" else yarn.driver_log(name, "stderr")
        unread = ""
    except Unreachable as error:
        log, unread = "", f"; its log can't be read from here ({error}): yarn logs -applicationId {name}"
    if final == "SUCCEEDED":
        return End(0, printed=log, note=f"done: {name}{unread}" if unread else "")
    return End(exit_status(final, diagnostics, log), why=why(log, diagnostics), java=log or diagnostics,
               note=f"application: {name} failed{unread}")


def _never_there(said: Said, status: int) -> End:
    """spark-submit ended and YARN has no application of it."""
    if status == 0:
        return End(1, why="failed: spark-submit ended well and named no application of YARN")
    return End(1, why=why("", said.text), java=said.text)


def _final(yarn: Yarn, name: str) -> Application | None:
    """An application's end, once YARN has noted it."""
    for _ in range(10):
        try:
            app = yarn.application(name)
        except Unreachable:
            return None
        if app.state in ("FINISHED", "FAILED", "KILLED"):
            return app
        time.sleep(0.5)
    return app


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Have each signal that ends a run end the wait as SIGINT does; after the first one the application is being
    killed, and no other stops that. One that is ignored stays so, as with nohup."""
    before = {}

    def interrupt(number: int, frame: Any) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before |= {number: signal.getsignal(number) for number in ENDS
               if signal.getsignal(number) not in (signal.SIG_IGN, None)}  # fmt: skip
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
