"""What Spark programs take from the configuration of a Hadoop client."""

from __future__ import annotations

from collections.abc import Callable

from d4p.filesystems import configuration


def default_fs() -> tuple[str | None, str | None]:
    """Where a path that is no URL is looked for, as in every other program on Hadoop: fs.defaultFS, and the folder of
    relative paths there. (None, None) where that is this machine."""
    url = configuration.read().get("fs.defaultFS")
    return (None, None) if url is None or url.startswith("file:") else (url, configuration.home())


def on_hadoop(execute: Callable) -> Callable:
    """Mark an engine's `execute`: its program looks for bare paths in Hadoop's default file system."""
    execute.default_fs = default_fs
    return execute
