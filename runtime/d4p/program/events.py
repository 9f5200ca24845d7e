"""Progress as events: JSON lines to what D4P_EVENTS names, an open file descriptor or a pipe's path, or nowhere."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from typing import IO, Any


class Events:
    """Where a program says how far it is; `d4p run` draws it."""

    def __init__(self) -> None:
        self._where = os.environ.pop("D4P_EVENTS", "")
        self._file: IO[str] | None = None
        self._lock = threading.Lock()

    @property
    def heard(self) -> bool:
        """Whether somebody listens."""
        return bool(self._where)

    def say(self, event: str, **what: Any) -> None:
        """Send one event; a reader that is gone stops the events, not the run."""
        with self._lock:
            if not self._where:
                return
            try:
                if self._file is None:
                    self._file = open(int(self._where) if self._where.isdigit() else self._where, "w", buffering=1)
                self._file.write(json.dumps({"event": event, **what}) + "\n")
            except OSError:
                self._where = ""


class Sampler:
    """Calls a function every `seconds` from a thread of its own, and once more when it is closed."""

    def __init__(self, sample: Callable[[], None], seconds: float = 0.3) -> None:
        self._sample, self._seconds = sample, seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True, name="d4p-progress")

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def _loop(self) -> None:
        while not self._stop.wait(self._seconds):
            self._sample()

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        if self._thread.is_alive():  # who was interrupted before or while it was started has none to wait for
            self._thread.join()
        if exc[0] is None:
            self._sample()


def clock() -> Callable[[], float]:
    """A function that gives the seconds since this call."""
    start = time.perf_counter()
    return lambda: time.perf_counter() - start
