"""The signals that end a program: the program's business alone, and not that of what its PEs start.

A process that is forked here gets the handlers that were there before ours; one that starts another program takes none
along, since nothing is ignored in the way that would be inherited.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

from d4p.errors import Interrupted

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: The functions within which a user's code is at work.
OF_USERS: set[CodeType] = set()
#: What is called when a signal has come that ends the program, before that is raised.
BEFORE: list[Callable[[], None]] = []
#: Seconds after which code that has swallowed an interrupt is interrupted again.
_AGAIN = 2.0
#: Seconds within which a signal is handled, unless the main thread waits in C code.
_SOON = 0.05
#: What listens for signals here now, the innermost last.
_listening: list[Interrupts] = []

_handled: dict[int, tuple[Any, Any]] = {}  # by signal our handler, and the one before


def handle(number: int, handler: Callable[[int, Any], None]) -> None:
    """Have `handler` called for a signal, in this process alone. What is ignored stays so: nohup asks for that, and a
    shell's background."""
    now = signal.getsignal(number)
    if now is signal.SIG_IGN:
        return
    ours, before = _handled.get(number, (None, None))
    signal.signal(number, handler)
    _handled[number] = (handler, before if now is ours and ours is not None else now)


def ignore(number: int) -> None:
    """Have a signal do nothing here, and nothing else to what is started here."""
    handle(number, _nothing)
    if signal.getsignal(number) is _nothing:
        signal.siginterrupt(number, False)


def unblock() -> None:
    """Have no signal wait here: Java, for one, blocks some, and all that it starts would inherit that."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _nothing(number: int, frame: Any) -> None:
    pass


def _hold() -> None:
    """Before a fork: what comes for the child waits until it has its handlers, or it would be lost."""
    _held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)


def _release() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _held.mask)


def _restore() -> None:
    """In a child: a handler that a PE has put there since is its own."""
    for number, (handler, before) in _handled.items():
        if signal.getsignal(number) is handler:
            signal.signal(number, signal.SIG_DFL if before is None else before)
    _handled.clear()
    with contextlib.suppress(ValueError):  # not in the main thread, where nobody has set one
        signal.set_wakeup_fd(-1)  # what comes for the child is no news for its parent
    _release()


_held = threading.local()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_restore)


class Interrupts:
    """Within this a signal that ends the program raises Interrupted in the main thread, once: what follows is the end.

    It is raised again where it is lost: in a `__del__` or the like, whose errors Python drops, and in code of the
    user that swallows whatever it gets. And one that comes just before the main thread waits in C code (`time.sleep`),
    which Python would handle after that, is sent to that thread once more.
    """

    def __init__(self) -> None:
        self._came = self._lost = False
        self._last = signal.SIGINT  # which came; SIGINT is ignored in a shell's background, and would do nothing again
        self._over = threading.Event()

    def __enter__(self) -> Interrupts:
        _listening.append(self)
        for number in ENDS:
            handle(number, self._interrupt)
        self._hook = sys.unraisablehook
        sys.unraisablehook = self._dropped
        news, told = os.pipe()
        os.set_blocking(told, False)
        self._told, self._before = told, signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        threading.Thread(target=self._listen, args=(news,), daemon=True, name="d4p-signals").start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        sys.unraisablehook = self._hook
        signal.set_wakeup_fd(self._before)
        os.close(self._told)  # the end of what is listened to
        _listening.remove(self)

    @property
    def came(self) -> bool:
        """Whether a signal has come that ends the program."""
        return self._came

    def _interrupt(self, number: int, frame: Any) -> None:
        if self._came and not self._lost and not _in_users(frame):
            return
        first, self._came, self._lost = not self._came, True, False
        self._last = signal.Signals(number)
        if first:
            for function in BEFORE:
                function()
            threading.Thread(target=self._remind, daemon=True, name="d4p-interrupt").start()
        raise Interrupted

    def _listen(self, news: int) -> None:
        with open(news, "rb", buffering=0) as numbers:
            while number := numbers.read(1):
                if number[0] in ENDS and not self._over.wait(_SOON) and not self._came:
                    signal.pthread_kill(threading.main_thread().ident or 0, number[0])

    def _remind(self) -> None:
        while not self._over.wait(_AGAIN):
            self._again()

    def _again(self) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, self._last)

    def _dropped(self, told: Any) -> None:
        if not issubclass(told.exc_type, Interrupted):
            self._hook(told)
            return
        self._lost = True
        threading.Timer(0.01, self._again).start()  # not in here, where it would be dropped again


@contextlib.contextmanager
def before_failures() -> Iterator[None]:
    """Within this, what fails on the way out of an interrupt is no failure of the run: a Java, say, that got the same
    signal and isn't there to be told of the end. Raises Interrupted in its place. (Not for all engines: mpiexec sends
    a signal to the ranks that are left where one has died, which is a failure.)"""
    try:
        yield
    except Exception as error:
        if _listening and _listening[-1].came:
            raise Interrupted from error
        raise


def _in_users(frame: Any) -> bool:
    while frame is not None:
        if frame.f_code in OF_USERS:
            return True
        frame = frame.f_back
    return False
