"""The memory of a command and all that it starts."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path


class Watched:
    """Looks at the processes of a session now and then; `most` is what they had together, in bytes.

    What several share counts once (the proportional set size, PSS); the system's cache of files isn't theirs.
    """

    def __init__(self) -> None:
        self.most = 0

    def start(self, session: int) -> None:
        """Watch until the process that leads the session is gone."""
        threading.Thread(target=self._watch, args=(session,), daemon=True).start()

    def _watch(self, session: int) -> None:
        pause = threading.Event()
        while os.path.exists(f"/proc/{session}/smaps_rollup") and not pause.wait(0.3):
            self.most = max(self.most, sum(_pss(pid) for pid in _members(session)))


def _members(session: int) -> list[str]:
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError):
            if int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3]) == session:
                found.append(pid)
    return found


def _pss(pid: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0
