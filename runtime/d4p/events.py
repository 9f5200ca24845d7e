"""Progress as events: JSON lines on the file descriptor that D4P_EVENTS names, or nowhere."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from typing import Any


class Events:
    """Where a program says how far it is; `d4p run` draws it."""

    def __init__(self) -> None:
        number = os.environ.pop("D4P_EVENTS", "")
        self._file = os.fdopen(int(number), "w", buffering=1) if number else None
        self._lock = threading.Lock()

    def say(self, event: str, **what: Any) -> None:
        """Send one event; a reader that is gone stops the events, not the run."""
        with self._lock:
            if self._file is None:
                return
            try:
                self._file.write(json.dumps({"event": event, **what}) + "\n")
            except OSError:
                self._file = None


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
        self._thread.join()
        if exc[0] is None:
            self._sample()


def clock() -> Callable[[], float]:
    """A function that gives the seconds since this call."""
    start = time.perf_counter()
    return lambda: time.perf_counter() - start
