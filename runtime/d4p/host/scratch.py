"""Where d4p's own temporary files are made in a worker: in a folder of the run, where its engine has one.

So they go with the run, also where the process that made them was killed.
"""

from __future__ import annotations

import os
import tempfile

_folder: str | None = None


def use(folder: str | None) -> None:
    """From now on, in this process."""
    global _folder
    _folder = folder


def folder() -> str | None:
    """For the functions of `tempfile`; None is the system's place for temporary files."""
    return _folder


def unnamed(what: str) -> int:
    """The descriptor of an empty file without a name, gone with the last process that has it, in memory where the
    system can do that. A process that is spawned gets it by `multiprocessing.reduction.DupFd`."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(f"d4p {what}")
    with tempfile.TemporaryFile(prefix="d4p-") as file:  # macOS: in the file system's cache
        return os.dup(file.fileno())
