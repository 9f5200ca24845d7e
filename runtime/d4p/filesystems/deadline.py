"""A bound on how long a call may take that can't be told to stop."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any


class Deadline:
    """A thread that makes the calls, one after the other. One that takes too long is given up, and its thread with it.

    It keeps a program from hanging where a server takes a connection and never answers, and lets an interrupt through
    while a call waits.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: queue.SimpleQueue | None = None

    def call(self, seconds: float, function: Callable, *arguments: Any) -> Any:
        """What a function returns or raises. Raises TimeoutError."""
        answer: queue.SimpleQueue = queue.SimpleQueue()
        with self._lock:
            if self._calls is None:
                self._calls = queue.SimpleQueue()
                threading.Thread(target=_work, args=(self._calls,), name="hdfs", daemon=True).start()
            calls = self._calls
        calls.put((answer, function, arguments))
        try:
            result, error = answer.get(timeout=seconds)
        except queue.Empty:
            with self._lock:
                if self._calls is calls:
                    self._calls = None
            calls.put(None)  # the thread ends if the call ever returns
            raise TimeoutError from None
        if error is not None:
            try:
                raise error
            finally:
                error = None  # no cycle through this frame
        return result


def _work(calls: queue.SimpleQueue) -> None:
    while (call := calls.get()) is not None:
        answer, function, arguments = call
        try:
            answer.put((function(*arguments), None))
        except BaseException as error:
            answer.put((None, error))
        del call, answer, function, arguments
