"""Run a compiled program in the user's folder, watch its events, and read its results."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from d4p.errors import D4pError, Refused, RunFailed
from d4p.graph.flatten import flatten
from d4p.host.keeper import wear
from d4p.host.keeping import MARK
from d4p.host.runfolder import RunFolder
from d4p.program.failures import MISSING
from d4p.record.record import FAILED, INTERRUPTED, close
from d4p.workflow.inputs import read_inputs
from d4p.workflow.results import Results
from d4p.workflow.workflow import Workflow

from ..bundle.bundle import Bundle
from ..bundle.temporary import temporary_bundle
from ..front.load import Loaded
from ..ir.plan import Plan
from ..targets import target
from .launcher import Launcher

Watch = Callable[[dict[str, Any]], None]

#: Seconds a program has to end after an interrupt that may have reached this process alone, before it is handed on.
GRACE = 1.0
#: Seconds after which a signal is handled at the latest.
_LOOK = 0.5


def execute(bundle: Bundle, options: list[str], folder: RunFolder, *, watch: Watch | None = None,
            environment: Mapping[str, str] | None = None, stdout: Any = None, stderr: Any = None) -> int:
    """Run a bundle's script; gives its exit status, 128 + number where a signal ended it, 3 where the run is done but
    for items that were left out. `watch` is told that a SIGINT
    came also where the program was done before it was handed on.

    The program gets the caller's environment, what its target adds to it (`environment(bundle, folder)`), what the
    caller adds, and a pipe for its events: a file descriptor, or a path where something else starts it. What it has
    started ends with it, and all of it with this process.
    """
    engine = target(bundle.target)
    added, launched = engine.environment(bundle, folder), engine.launched
    folder.keep()
    with _Signals() as signals, (_named_pipe(folder.name) if launched else _pipe()) as (receive, send, where):
        reader = None
        try:
            process = subprocess.Popen(
                [*engine.command(bundle.script), *options], pass_fds=[] if launched else [send],
                stdout=subprocess.PIPE if launched else stdout, stderr=subprocess.PIPE if launched else stderr,
                env={**os.environ, **added, "D4P_SCRATCH": os.path.join(folder.name, ".scratch"),
                     **(environment or {}), "D4P_EVENTS": where, MARK: str(folder.mark)},
            )
            wear(folder.mark, process.pid)
            signals.started(process)
            launcher = Launcher(process, stdout, stderr) if launched else None
            events: dict[str, dict[str, Any]] = {}
            reader = threading.Thread(target=_relay, args=(receive, events, watch or (lambda event: None)), daemon=True)
            reader.start()
            status = _status(process)
            folder.end()
        except OSError as error:
            raise RunFailed(f"the program could not be started: {error}") from error
        finally:
            os.close(send)
            if reader is not None:
                reader.join(timeout=5)
    if signals.interrupts:
        (watch or (lambda event: None))({"event": "interrupted"})
    if status == 0 and "done" not in events:
        if signals.interrupts:
            return 130
        raise RunFailed("the program ended before its run was done, as if all were well: does a PE call os._exit()?")
    if launcher is not None:
        status = launcher.ended(130 if signals.interrupts and status else status, events, watch or (lambda event: None))
    if status == 0 and events["done"].get("missing"):
        return MISSING
    status = 128 - status if status < 0 else status
    if status and (recorded := events.get("record", {}).get("folder")):
        message = events.get("failed", {}).get("message") or ended_by(status)
        close(recorded, INTERRUPTED if status == 130 else FAILED, status, message)
    return status


def _status(process: subprocess.Popen) -> int:
    """The exit status of a program, once it has ended. Another thread waits for that: a signal that comes here just
    before a wait in the system would be handled after it, so this one waits for a moment, again and again."""
    ended = threading.Event()

    def wait() -> None:
        process.wait()
        ended.set()

    threading.Thread(target=wait, daemon=True, name="d4p-wait").start()
    while not ended.wait(_LOOK):
        pass
    return process.returncode


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int, str]]:
    """A pipe for a program that is started from here: its two ends, and what the program is to write to."""
    receive, send = os.pipe()
    yield receive, send, str(send)


@contextlib.contextmanager
def _named_pipe(folder: str) -> Iterator[tuple[int, int, str]]:
    """A pipe that a program finds by its path."""
    path = os.path.join(folder, ".events")
    os.mkfifo(path)
    receive = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # nobody writes yet: doesn't wait for that
    os.set_blocking(receive, True)
    yield receive, os.open(path, os.O_WRONLY), path


def _relay(receive: int, events: dict[str, dict[str, Any]], watch: Watch) -> None:
    with open(receive) as lines:
        for line in lines:
            event = json.loads(line)
            events[event["event"]] = event
            watch(event)


class _Signals:
    """While a program runs, signals are its business: it ends in its own way, and its exit status is ours.

    Ctrl-C at a terminal reaches the program too, but a SIGINT sent to this process alone does not, so it is handed on
    where the program is still there after a moment. The second SIGINT becomes a SIGTERM, the third kills. SIGTERM and
    SIGHUP are handed on as SIGTERM. What was ignored before (nohup, a shell's background) stays ignored.
    """

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.interrupts = 0
        self.early: int | None = None
        self.later: threading.Timer | None = None
        self.before: dict[int, Any] = {}

    def __enter__(self) -> _Signals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self.before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exc: object) -> None:
        if self.later:
            self.later.cancel()
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def started(self, process: subprocess.Popen) -> None:
        """What has come so far may have come before the process was there."""
        self.process = process
        if self.early is not None:
            self._later(self.early)

    def _later(self, number: int) -> None:
        self.later = threading.Timer(GRACE, self._hand_on, [number])
        self.later.start()

    def _handle(self, number: int, frame: Any) -> None:
        self.interrupts += number == signal.SIGINT
        if self.process is None:
            self.early = number
        elif number != signal.SIGINT or self.interrupts == 2:
            self.process.terminate()
        elif self.interrupts > 2:
            self.process.kill()
        else:
            self._later(number)

    def _hand_on(self, number: int) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT if number == signal.SIGINT else signal.SIGTERM)


def check_inputs(loaded: Loaded, plan: Plan, given: Mapping[str, Any]) -> None:
    """What the program checks first of the options that it is `given`, before any engine starts. Raises Refused for
    inputs that fit no root."""
    workflow = Workflow(loaded.origin.module, plan.graph.fingerprint)
    workflow.flat = flatten(loaded.graph)
    read_inputs(workflow, given["iterations"], given["data"], given["file"], given["limit"])


@contextlib.contextmanager
def unpiped(path: str | None) -> Iterator[str | None]:
    """A file with what comes through a pipe (`-f <(...)`, `-f /dev/stdin`), since that can be read once, and by this
    process alone; None for any other path. Raises Refused where it can't be read."""
    try:
        mode = os.stat(path or "").st_mode
    except (OSError, ValueError):
        mode = 0
    if not (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)):
        yield None
        return
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        try:
            with open(path or "", "rb") as pipe:
                shutil.copyfileobj(pipe, file)
            file.flush()
        except OSError as error:
            raise Refused(f"-f {path} can't be read: {error.strerror}") from None
        try:
            yield file.name
        except Refused as error:
            raise Refused(str(error).replace(file.name, path or "")) from None


def check_checks(name: str) -> None:
    """Raises Refused where a target can't look after what PEs wrote."""
    if not target(name).checks:
        raise Refused("--check is for the sequential target only, which sees every item in one process: "
                      "leave --target out")


def run_for_results(loaded: Loaded, plan: Plan, inputs: Any, options: list[str], include: list[Path],
                    quiet: bool, progress: bool | None = None) -> Results:
    """Compile into a temporary folder, run, and give the results; their spool goes when they do."""
    from ..progress import beside_results

    bundle, holder = temporary_bundle(loaded, plan, include)
    spool = RunFolder()
    with holder:
        events: list[dict[str, Any]] = []
        with tempfile.TemporaryFile() as errors, beside_results(plan, progress) as screen:

            def watch(event: dict[str, Any]) -> None:
                events.append(event)
                screen.watch(event)

            out, err = (subprocess.DEVNULL, errors) if quiet else (screen.stdout, screen.stderr)
            environment = {"D4P_SPOOL": spool.name, "D4P_SOURCE": str(loaded.folder)}
            try:
                status = execute(bundle, [*options, *input_options(inputs, holder.name)], holder, watch=watch,
                                 environment=environment, stdout=out, stderr=err)
            except BaseException:
                spool.cleanup()
                raise
            if status not in (0, MISSING) or _interrupted(events):
                spool.cleanup()
                errors.seek(0)
                raise _failed(status, events, errors.read().decode(errors="replace"))
    ids = {pe.name: pe.id for pe in plan.graph.pes}
    results = Results(spool.name, [(ids[pe], str(port)) for pe, port in plan.graph.results()], ids)
    weakref.finalize(results, spool.cleanup)
    results.spool = spool
    results.failures = next((event["failures"] for event in events if event["event"] == "done"), {})
    return results


def input_options(inputs: Any, folder: str) -> list[str]:
    """`-i N` or `-f FILE` for inputs given as Python values."""
    if inputs is None:
        return []
    if isinstance(inputs, int):
        return ["-i", str(inputs)]
    by_name = {getattr(key, "id", None) or str(key): value for key, value in inputs.items()}
    path = Path(folder) / "inputs.json"
    path.write_text(json.dumps(by_name))
    return ["-f", str(path)]


def ended_by(status: int) -> str | None:
    """What to say of a program that a signal ended, and that so could not say it itself."""
    if status <= 128 or status == 130:
        return None
    try:
        name = signal.Signals(status - 128).name
    except ValueError:
        return None
    memory = "; the system does that where memory runs out" if name == "SIGKILL" else ""
    return f"the program was ended by {name}{memory}"


def _interrupted(events: list[dict[str, Any]]) -> bool:
    return any(event["event"] == "interrupted" for event in events)


def _failed(status: int, events: list[dict[str, Any]], errors: str) -> D4pError | KeyboardInterrupt:
    if status == 130 or _interrupted(events):
        return KeyboardInterrupt()
    message = next((e["message"] for e in events if e["event"] == "failed"), None)
    message = message or ended_by(status) or errors.strip() or f"exit status {status}"
    return Refused(message) if status == 2 else RunFailed(message)
