"""How a process ended, in words."""

from __future__ import annotations

import signal

_SAID = {
    "SIGKILL": "the system does that where memory runs out",
    "SIGSEGV": "code that isn't Python's own, of a library say, reached for memory that isn't there",
    "SIGBUS": "a file that was mapped into memory became shorter, or a file system in memory is full",
    "SIGABRT": "code that isn't Python's own, of a library say, gave up",
}


def how(status: int | None) -> str:
    """How a process ended, from its exit status as multiprocessing gives it; None: it lives, but its pipe is closed."""
    if status is None:
        return "closed the pipe to its program (does a PE close files that aren't its own?)"
    if status >= 0:
        return f"ended with {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}" + (f" ({_SAID[name]})" if name in _SAID else "")
