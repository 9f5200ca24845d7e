"""The end of a process in which PEs ran: Python waits for the threads and the processes of `multiprocessing` that they
have left, those aside that are daemons. So it is said who is waited for, where that takes long."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import Any

from d4p.describe.printable import complain

#: Seconds of waiting after which it is said what for.
PATIENCE = 2.0


def tell_if_held(who: str) -> None:
    """From now on `who`, this process, is about to end; say what holds it where it doesn't soon."""
    threading.Thread(target=_tell, args=(who,), daemon=True, name="d4p-leaving").start()


def _tell(who: str) -> None:
    time.sleep(PATIENCE)
    held = [*(f"thread {thread.name!r}" for thread in threads()),
            *(f"process {child.pid} ({child.name})" for child in children())]
    if held:
        complain(f"note: {who} is done and waits for what its PEs have left running: {', '.join(held)}")


def threads() -> list[threading.Thread]:
    """Those that Python waits for."""
    mine = (threading.current_thread(), threading.main_thread())
    return [thread for thread in threading.enumerate() if not thread.daemon and thread not in mine]


def children() -> list[Any]:
    """The processes that Python waits for."""
    if "multiprocessing" not in sys.modules:
        return []
    import multiprocessing

    return [child for child in multiprocessing.active_children() if not child.daemon]


def wait(who: str) -> None:
    """Wait as Python would at the end of this process, but in here, where an interrupt is one."""
    if threads() or children():
        tell_if_held(who)
        for child in children():
            child.join()
        getattr(threading, "_shutdown")()  # noqa: B009  as `multiprocessing` does; pools of threads are told that it is over


def leave(status: int) -> None:
    """End a process that has failed: where threads would hold it, at once."""
    if threads():
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)
    sys.exit(status)
