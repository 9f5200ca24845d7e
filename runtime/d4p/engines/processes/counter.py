"""A number that all processes of a run share."""

from __future__ import annotations

import os
from multiprocessing.reduction import DupFd
from typing import Any

from d4p.host.scratch import unnamed


class Counter:
    """It lies in a file without a name, which is gone with the last process. From 0.

    Not multiprocessing's own: that makes a file of some megabytes, which a limit on files may not allow.
    """

    def __init__(self, context: Any) -> None:
        self.fd, self._lock = unnamed("counter"), context.Lock()

    def __getstate__(self) -> tuple[Any, Any]:
        return DupFd(self.fd), self._lock

    def __setstate__(self, state: tuple[Any, Any]) -> None:
        self.fd, self._lock = state[0].detach(), state[1]

    def add(self, number: int) -> int:
        """Add to it; gives what it was before."""
        with self._lock:
            before = int.from_bytes(os.pread(self.fd, 8, 0), "little")
            os.pwrite(self.fd, (before + number).to_bytes(8, "little"), 0)
        return before

    def close(self) -> None:
        """Close it here."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1
