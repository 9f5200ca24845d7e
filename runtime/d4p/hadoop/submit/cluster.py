"""Run spark-submit in deploy mode cluster: the program runs on a node; here its state is shown and its end awaited."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d4p.hadoop.submit.client import ENDS, Watch, start
from d4p.hadoop.submit.command import Command
from d4p.hadoop.submit.report import exit_status, printed_before, why
from d4p.hadoop.submit.watching import Said, Shown
from d4p.hadoop.submit.yarn import Application, NotThere, Unreachable, Yarn

#: Seconds between two looks at the application.
_EVERY = 1.0
#: Seconds that spark-submit is given to end.
_PATIENCE = 20.0
#: Seconds for which YARN may be away, once spark-submit has ended without knowing the end: another ResourceManager
#: takes over, or the same one is started again.
_AWAY = 300.0
#: Seconds that YARN may take to note an end that spark-submit knows of.
_BEFORE = 5.0
#: What spark-submit says of an application that ended otherwise than well.
_SAID_AT_THE_END = ("finished with failed status", "is killed")
_AT_AN_END = ("FINISHED", "FAILED", "KILLED")


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
        said, shown = Said(process), Shown(yarn, say, watch)
        try:
            early = _wait(process, said, shown, yarn)
            said.reader.join(timeout=5)
            if said.id is None:
                return _never_there(said, process.returncode)
            app = _final(said, shown, process.returncode)
        except KeyboardInterrupt:
            return _interrupted(process, said, yarn, say)
    if isinstance(app, Unreachable):
        return _unknown(said, process.returncode, app)
    return _ended(said.id, said.text, yarn, process.returncode, app, early)


def _wait(process: subprocess.Popen, said: Said, shown: Shown, yarn: Yarn) -> tuple[str, str] | None:
    """Until spark-submit ends, say what is new: the id, the address, the state.

    Gives both logs of the program, read as soon as it has ended: where logs aren't gathered, its node forgets it a
    second or two later, and spark-submit may take longer to end. None where they couldn't be read.
    """
    logs, ended = None, False
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_EVERY)
            return logs
        if said.id is not None:
            with contextlib.suppress(Unreachable):
                if not ended and shown.look(said.id).state in _AT_AN_END:
                    ended = True
                    logs = _logs(yarn, said.id)


def _final(said: Said, shown: Shown, status: int) -> Application | Unreachable | None:
    """An application's end, once it has come: spark-submit may end before, when it is killed, say.

    None where YARN can't say and spark-submit knew the end, Unreachable where nobody does.
    """
    knew = status == 0 or any(f"{said.id} {end}" in said.text for end in _SAID_AT_THE_END)
    began = seen = time.monotonic()
    told = away = False
    while True:
        try:
            app = shown.look(said.id or "")
        except Unreachable as error:
            if knew or isinstance(error, NotThere):  # YARN refused to take it, say
                return None
            if time.monotonic() - seen > _AWAY:
                return error
            if not away:
                away = True
                shown.say(f"YARN can't be asked ({error}): tried again for {_AWAY:.0f} seconds")
        else:
            seen, away = time.monotonic(), False
            if app.state in _AT_AN_END:
                return app
            if not told and time.monotonic() - began > _BEFORE:
                told, knew = True, False
                shown.say(f"spark-submit has ended (exit status {status}) and {said.id} goes on: it is watched from "
                          "here")
        time.sleep(_EVERY)


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


def _ended(name: str, said: str, yarn: Yarn, status: int, app: Application | None,
           early: tuple[str, str] | None = None) -> End:
    """What came of an application, from YARN and from the log of the container that the program ran in, or what was
    read of that before."""
    final = app.final if app else ("SUCCEEDED" if status == 0 else "FAILED")
    diagnostics = app.diagnostics if app else said
    if final == "KILLED":
        by = " ".join(diagnostics.split()) or "YARN doesn't say by whom"
        return End(1, why=f"failed: {name} was killed: {by}")
    try:
        printed, of_java = _logs(yarn, name, final != "SUCCEEDED")
        unread = ""
    except Unreachable as error:
        printed, of_java = early or ("", "")
        unread = "" if early else f"; its log can't be read from here ({error}): yarn logs -applicationId {name}"
    log = printed if final == "SUCCEEDED" else printed + of_java
    if final == "SUCCEEDED":
        return End(exit_status(final, diagnostics, log), printed=log, note=f"done: {name}{unread}" if unread else "")
    return End(exit_status(final, diagnostics, log), printed=printed_before(printed), why=why(log, diagnostics),
               java=log or diagnostics, note=f"application: {name} failed{unread}")


def _logs(yarn: Yarn, name: str, java: bool = True) -> tuple[str, str]:
    """What the program printed, since Spark puts both streams of a Python program there, and what Java said, if that is
    wanted. Raises Unreachable."""
    return yarn.driver_log(name, "stdout"), yarn.driver_log(name, "stderr") if java else ""


def _never_there(said: Said, status: int) -> End:
    """spark-submit ended and YARN has no application of it."""
    if status == 0:
        return End(1, why="failed: spark-submit ended well and named no application of YARN")
    return End(1, why=why("", said.text), java=said.text)


def _unknown(said: Said, status: int, error: Unreachable) -> End:
    """Nobody can say what came of an application. It may run still, and must not be started a second time."""
    return End(1, why=f"what became of {said.id} isn't known: spark-submit ended (exit status {status}) and YARN can't "
                      f"be asked ({error}). It may be running still: look with yarn application -status {said.id}, end "
                      f"it with yarn application -kill {said.id}", java=said.text)


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
