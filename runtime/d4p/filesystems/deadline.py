"""A bound on how long a call may take that can't be told to stop."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any


class Deadline:
    """Threads that make the calls, as many as there are calls at once. A call that takes too long is given up, and its
    thread with it.

    It keeps a program from hanging where a server takes a connection and never answers, and lets an interrupt through
    while a call waits.
    """

    def __init__(self) -> None:
        self._idle: list[queue.SimpleQueue] = []  # append and pop are atomic

    def call(self, seconds: float, function: Callable, *arguments: Any) -> Any:
        """What a function returns or raises. Raises TimeoutError."""
        try:
            calls = self._idle.pop()
        except IndexError:
            calls = queue.SimpleQueue()
            threading.Thread(target=_work, args=(calls,), name="d4p-hdfs", daemon=True).start()
        answer: queue.SimpleQueue = queue.SimpleQueue()
        calls.put((answer, function, arguments))
        try:
            result, error = answer.get(timeout=seconds)
        except BaseException as reason:
            calls.put(None)  # the thread ends if the call ever returns
            if isinstance(reason, queue.Empty):
                raise TimeoutError from None
            raise
        self._idle.append(calls)
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
