"""Give the executors the runtime and the workflow's own modules, as spark-submit --py-files would."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from pyspark import SparkContext


def ship(sc: SparkContext, bundle: Path, scratch: Path) -> None:
    """Send the zips that lie beside the script; where spark-submit sent them there are none.

    A session may run several programs, so a zip travels under a name that tells its content. `scratch` is to be kept
    as long as executors may ask for them.
    """
    for name in ("d4p.zip", "workflow.zip"):
        archive = bundle / name
        if archive.exists():
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:12]
            copy = scratch / f"{archive.stem}-{digest}.zip"
            shutil.copyfile(archive, copy)
            sc.addPyFile(str(copy))
