"""What Spark programs take from the configuration of a Hadoop client."""

from __future__ import annotations

from d4p.filesystems import configuration


def default_fs() -> tuple[str | None, str | None]:
    """Where a path that is no URL is looked for, as in every other program on Hadoop: fs.defaultFS, and the folder of
    relative paths there. (None, None) where that is this machine."""
    url = configuration.read().get("fs.defaultFS")
    return (None, None) if url is None or url.startswith("file:") else (url, configuration.home())
