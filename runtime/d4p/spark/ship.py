"""The runtime and the workflow's own modules as they travel to the executors, as spark-submit --py-files would send."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path


def archives(bundle: Path, scratch: Path) -> Iterator[Path]:
    """The zips that lie beside the script, to be given to the executors; where spark-submit sent them there are none.

    A session may run several programs, so a zip travels under a name that tells its content. `scratch` is to be kept
    as long as executors may ask for them.
    """
    for name in ("d4p.zip", "workflow.zip"):
        archive = bundle / name
        if archive.exists():
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:12]
            copy = scratch / f"{archive.stem}-{digest}.zip"
            shutil.copyfile(archive, copy)
            yield copy
