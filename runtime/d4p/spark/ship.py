"""Give the executors the runtime and the workflow's own modules, as spark-submit --py-files would."""

from __future__ import annotations

import zipfile
from pathlib import Path

from pyspark import SparkContext

#: What of a bundle is not for the workers.
_STAYS = {"job.py", "plan.txt", "plan.json", "submit.sh", "d4p.zip", "d4p.zip.sha256"}


def ship(sc: SparkContext, bundle: Path, scratch: Path) -> None:
    """Send `d4p.zip` and the bundle's modules and data files, zipped, to every executor."""
    runtime = bundle / "d4p.zip"
    if runtime.exists():
        sc.addPyFile(str(runtime))
    files = [f for f in sorted(bundle.rglob("*")) if f.is_file() and str(f.relative_to(bundle)) not in _STAYS]
    if files:
        archive = scratch / "workflow.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
            for file in files:
                if "__pycache__" not in file.parts:
                    out.write(file, file.relative_to(bundle).as_posix())
        sc.addPyFile(str(archive))
