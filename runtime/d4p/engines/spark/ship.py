"""The runtime and the workflow's own modules as they travel to the executors, as spark-submit --py-files would send."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

#: By session: where its zips lie as long as this process lives, since an executor that comes late asks for them too.
_folders: dict[str, tempfile.TemporaryDirectory] = {}


def archives(bundle: Path, session: str) -> Iterator[Path]:
    """The zips that lie beside the script and that a session's executors don't have yet; where spark-submit sent them
    there are none.

    A session may run several programs, so a zip travels under a name that tells its content.
    """
    if session not in _folders:
        _folders[session] = tempfile.TemporaryDirectory(prefix="d4p-ship-")
    folder = Path(_folders[session].name)
    for name in ("d4p.zip", "workflow.zip"):
        archive = bundle / name
        if archive.exists():
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:12]
            copy = folder / f"{archive.stem}-{digest}.zip"
            if not copy.exists():
                shutil.copyfile(archive, copy)
                yield copy
