"""Give the executors the runtime and the workflow's own modules, as spark-submit --py-files would."""

from __future__ import annotations

from pathlib import Path

from pyspark import SparkContext


def ship(sc: SparkContext, bundle: Path) -> None:
    """Send the zips that lie beside the script; where spark-submit sent them there are none."""
    for name in ("d4p.zip", "workflow.zip"):
        if (bundle / name).exists():
            sc.addPyFile(str(bundle / name))
