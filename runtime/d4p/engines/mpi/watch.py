"""While the only instance of a rank, which works in the main thread, is long at work: another thread carries messages
meanwhile, and sends what is held back."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from d4p.engines.channels.sender import LATE
from d4p.errors import ControlFlow

#: Seconds between two looks of that thread, once it carries messages.
SOON = 0.005


class Watch:
    """Within this, a thread looks now and then whether the main thread has been at the same work for long.

    The two of them call MPI in turn, which takes an MPI library that lets threads (`World.threads`).

    Attributes:
        turn: who holds it may carry messages: the main thread whenever it isn't at work.
        failure: what went wrong in the other thread.

    Args:
        carry: what is to be done meanwhile.
    """

    def __init__(self, carry: Callable[[], object]) -> None:
        self.turn = threading.RLock()
        self.failure: BaseException | None = None
        self._carry, self._works, self._stop = carry, 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True, name="d4p messages")

    def __enter__(self) -> Watch:
        self.turn.acquire()
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        with contextlib.suppress(RuntimeError):  # an interrupt has come before it was taken again
            self.turn.release()
        self._thread.join()

    def during(self, work: Callable[[], None]) -> None:
        """Work in the main thread."""
        self._works += 1
        self.turn.release()
        try:
            work()
        finally:
            self.turn.acquire()

    def _look(self) -> None:
        before, pause = 0, LATE
        while not self._stop.wait(pause):
            pause = LATE
            if self._works == before and self.turn.acquire(blocking=False):
                try:
                    self._carry()
                    pause = SOON
                except ControlFlow:
                    return  # the main thread will find it, too
                except BaseException as error:
                    self.failure = error
                    return
                finally:
                    self.turn.release()
            before = self._works
