"""Where d4p's own temporary files are made in a worker: in a folder of the run, where its engine has one.

So they go with the run, also where the process that made them was killed.
"""

from __future__ import annotations

_folder: str | None = None


def use(folder: str | None) -> None:
    """From now on, in this process."""
    global _folder
    _folder = folder


def folder() -> str | None:
    """For the functions of `tempfile`; None is the system's place for temporary files."""
    return _folder
