"""Run a compiled program in the user's folder, watch its events, and read its results."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from d4p.errors import D4pError, Refused, RunFailed
from d4p.program import unconnected  # noqa: F401
from d4p.results import Results

from .bundle import Bundle
from .front.load import Loaded
from .ir.plan import Plan
from .targets import target

Watch = Callable[[dict[str, Any]], None]


def execute(bundle: Bundle, options: list[str], *, watch: Watch | None = None, environment: Mapping[str, str] | None = None,
            stdout: Any = None, stderr: Any = None) -> int:
    """Run a bundle's script; gives its exit status. An interrupt is left to the program, which ends the quiet way."""
    engine = target(bundle.target)
    receive, send = os.pipe()
    env = {**os.environ, **engine.environment(bundle) , **(environment or {}), "D4P_EVENTS": str(send)} \
        if hasattr(engine, "environment") else {**os.environ, **(environment or {}), "D4P_EVENTS": str(send)}
    with subprocess.Popen([*engine.command(bundle.script), *options], env=env, pass_fds=[send], stdout=stdout,
                          stderr=stderr) as process:
        os.close(send)
        reader = threading.Thread(target=_relay, args=(receive, watch or (lambda event: None)), daemon=True)
        reader.start()
        with _leave_signals_to(process):
            status = process.wait()
        reader.join(timeout=5)
    return status


def _relay(receive: int, watch: Watch) -> None:
    with os.fdopen(receive) as lines:
        for line in lines:
            watch(json.loads(line))


@contextlib.contextmanager
def _leave_signals_to(process: subprocess.Popen):
    """While the program runs Ctrl-C reaches it from the terminal; a SIGTERM is handed on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_for_results(loaded: Loaded, plan: Plan, inputs: Any, options: list[str], include: list[Path], quiet: bool) -> Results:
    """Compile into a temporary folder, run, and give the results; their spool goes when they do."""
    from .api import temporary_bundle

    bundle, holder = temporary_bundle(loaded, plan, include)
    spool = tempfile.TemporaryDirectory(prefix="d4p-results-")
    with holder:
        said: list[dict[str, Any]] = []
        out = subprocess.DEVNULL if quiet else None
        with tempfile.TemporaryFile() as errors:
            status = execute(bundle, [*options, *input_options(inputs, holder.name)], watch=said.append,
                             environment={"D4P_SPOOL": spool.name}, stdout=out, stderr=errors if quiet else None)
            if status:
                errors.seek(0)
                raise _failed(status, said, errors.read().decode(errors="replace"))
    ids = {pe.name: pe.id for pe in plan.graph.pes}
    results = Results(spool.name, [(ids[pe], str(port)) for pe, port in plan.graph.results()])
    weakref.finalize(results, spool.cleanup)
    results.spool = spool
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


def _failed(status: int, events: list[dict[str, Any]], errors: str) -> D4pError | KeyboardInterrupt:
    message = next((e["message"] for e in events if e["event"] == "failed"), errors.strip() or f"exit status {status}")
    if status == 130:
        return KeyboardInterrupt()
    return Refused(message) if status == 2 else RunFailed(message)
