"""Run spark-submit in deploy mode client: the program is this machine's, and what it says goes where ours does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from d4p.describe.printable import complain
from d4p.errors import RunFailed
from d4p.hadoop.submit.command import Command

Watch = Callable[[dict[str, Any]], None]
#: Signals that end a run.
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(command: Command, environ: Mapping[str, str], watch: Watch | None = None, stdout: Any = None,
        stderr: Any = None) -> int:
    """The program's exit status, which spark-submit hands on; 130 where it was interrupted."""
    with _events(watch) as added:
        process = start(command, {**environ, **added}, stdout=stdout, stderr=stderr)
        with _interrupts(process) as interrupted:
            status = process.wait()
    if interrupted:
        complain("interrupted")  # the program says it to a Java that ends, too
        return 130
    if status < 0:
        name = signal.Signals(-status).name
        complain(f"failed: spark-submit was ended by {name}, as the system does where memory runs out")
        return 128 - status
    return status


def start(command: Command, environ: Mapping[str, str], **streams: Any) -> subprocess.Popen:
    """Start spark-submit in a process group of its own, so that an interrupt is ours to hand on."""
    try:
        return subprocess.Popen(command.words, env={**environ, **command.environment}, start_new_session=True,
                                stdin=subprocess.DEVNULL, **streams)  # fmt: skip
    except OSError as error:
        raise RunFailed(f"{command.words[0]} could not be started: {error.strerror or error}") from error


@contextmanager
def _interrupts(process: subprocess.Popen) -> Iterator[list[int]]:
    """Hand signals on to the program and to its Java, as a terminal would; the third one kills both."""
    got: list[int] = []
    before = {}

    def handle(number: int, frame: Any) -> None:
        got.append(number)
        ours = signal.SIGKILL if len(got) > 2 else signal.SIGINT if number == signal.SIGINT else signal.SIGTERM
        try:
            os.killpg(process.pid, ours)
        except ProcessLookupError:
            pass  # it has just ended

    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, handle) for number in ENDS
                  if signal.getsignal(number) not in (signal.SIG_IGN, None)}  # fmt: skip
    try:
        yield got
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _events(watch: Watch | None) -> Iterator[dict[str, str]]:
    """A named pipe for the program's events: Java, which starts the program, hands no open files on."""
    if watch is None:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="d4p-events-") as folder:
        path = os.path.join(folder, "events")
        os.mkfifo(path)
        number = os.open(path, os.O_RDWR)  # both ends, so that nobody waits for the other
        reader = threading.Thread(target=_relay, args=(number, watch), daemon=True)
        reader.start()
        try:
            yield {"D4P_EVENTS": path}
        finally:
            os.write(number, b"\n")  # an empty line is the end
            reader.join(timeout=5)


def _relay(number: int, watch: Watch) -> None:
    with os.fdopen(number, "r+b", buffering=0) as pipe:
        for line in _lines(pipe):
            if not line.strip():
                return
            watch(json.loads(line))


def _lines(pipe: Any) -> Iterator[bytes]:
    left = b""
    while True:
        *lines, left = (left + (pipe.read(1 << 16) or b"")).split(b"\n")
        yield from lines
