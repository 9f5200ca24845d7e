"""What mpiexec says of the ranks that it started: passed on, and understood where no rank can speak any more."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

from d4p.errors import RunFailed

from .notices import Notices

#: The process that ended first, as Open MPI has it, and MPICH, which may name one that it has killed itself.
_PROCESS = re.compile(r"^(?:.* with PID|(=   )PID) (\d+) ")
_UNSURE = ". Or another died, and this one was killed for it: mpiexec doesn't tell them apart"


class Launcher:
    """Passes on what a launcher and its ranks write, and looks for what the launcher says of one that died. Its notices
    are passed on only where the run itself has said nothing of its end, or D4P_DEBUG=1 asks for all.

    Args:
        process: the launcher, with pipes for stdout and stderr.
        stdout, stderr: where they go, as for `subprocess`.
    """

    def __init__(self, process: subprocess.Popen, stdout: Any, stderr: Any) -> None:
        self._stderr = _opened(stderr, 2)
        self._processes: list[tuple[int, str]] = []
        self._notices = Notices()
        self._unwritten: OSError | None = None
        pairs = [(process.stdout, _opened(stdout, 1)), (process.stderr, self._stderr)]
        self._threads = [threading.Thread(target=self._pass_on, args=pair, daemon=True) for pair in pairs]
        for thread in self._threads:
            thread.start()

    def _pass_on(self, lines: IO[bytes], out: IO[bytes]) -> None:
        for line in lines:
            for unsure, process in _PROCESS.findall(line.decode(errors="replace")):
                self._processes.append((int(process), _UNSURE if unsure else ""))
            if out is self._stderr:
                _write(out, self._notices.take(line))
            else:
                self._unwritten = _write(out, line) or self._unwritten
        if out is self._stderr:
            _write(out, self._notices.rest())

    def ended(self, status: int, events: Mapping[str, dict[str, Any]], watch: Callable[[dict[str, Any]], None]) -> int:
        """The exit status of the run, from that of the launcher and the events of the program. Says what happened where
        a rank died and the others were killed before one of them could. Raises RunFailed where what the run printed
        could not be."""
        for thread in self._threads:
            thread.join(timeout=2)
        told = status == 130 or "failed" in events
        message = None if status == 0 or told else self._death(events.get("ranks", {}).get("ranks", ()))
        if os.environ.get("D4P_DEBUG") == "1" or not (told or message):
            _write(self._stderr, self._notices.kept)
        if status == 0 and self._unwritten is not None:
            raise RunFailed(f"stdout can't be written: {self._unwritten.strerror}")
        if status in (0, 130):
            return status
        if message:
            _write(self._stderr, f"failed: {message}\n".encode())
            watch({"event": "failed", "message": message, "status": 1})
            return 1
        return events.get("failed", {}).get("status", status)

    def _death(self, ranks: Any) -> str | None:
        known = {rank["process"]: rank["said"] for rank in ranks}
        return next((known[process] + unsure for process, unsure in self._processes if process in known), None)


def _write(out: IO[bytes], text: bytes) -> OSError | None:
    """Whatever happens the run goes on. Gives why it can't be written, but where nobody reads on (`| head`, say)."""
    try:
        out.write(text)
    except BrokenPipeError:
        pass
    except OSError as error:
        return error
    return None


def _opened(stream: Any, own: int) -> IO[bytes]:
    if stream == subprocess.DEVNULL:
        return open(os.devnull, "wb", buffering=0)
    number = own if stream is None else stream if isinstance(stream, int) else stream.fileno()
    return open(number, "wb", buffering=0, closefd=False)
