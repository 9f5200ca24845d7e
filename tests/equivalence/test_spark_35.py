"""The older line of Spark: the same answers with pyspark 3.5, which lacks some of what programs use from Spark 4 on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.spark
ROOT = Path(__file__).parents[2]
VERSION = "3.5.9"
#: Groupings, order, phases, several producers of one input, composites, a diamond; what Spark's own reader reads;
#: pairs by a broadcast.
GRAPHS = ("phases or meet or turns or several or gives_every or in_order or connected or composites or diamond or "
          "flows_on or overlap or stands_for or go_together")  # fmt: skip


@pytest.fixture(scope="module")
def packages() -> Path:
    """A folder with pyspark 3.5 and a pandas that it works with, to be put before what is installed; fetched once."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "d4p-tests" / f"pyspark-{VERSION}"
    if not (folder / "complete").exists():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--target", str(folder), "--no-deps",
               f"pyspark=={VERSION}", "py4j==0.10.9.9", "pandas==2.3.3", "pytz", "tzdata", "python-dateutil",
               "six"]  # fmt: skip
        done = subprocess.run(pip, capture_output=True, text=True, timeout=600)
        if done.returncode:
            reason = f"pip can't fetch pyspark {VERSION}: {done.stderr.strip()[-300:]}"
            pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
        (folder / "complete").touch()
    return folder


def test_the_same_answers(packages):
    path = os.pathsep.join(map(str, [packages, ROOT, ROOT / "runtime"]))
    environment = {**os.environ, "PYTHONPATH": path}
    said = subprocess.run([sys.executable, "-c", "import pyspark; print(pyspark.__version__)"], env=environment,
                          capture_output=True, text=True, timeout=600)  # fmt: skip
    assert said.stdout.strip() == VERSION
    tests = ["tests/equivalence/test_semantics.py", "tests/equivalence/test_pairs_ways.py",
             "tests/unit/test_spark_readers.py"]  # fmt: skip
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", f"(spark) and ({GRAPHS})"]
    done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "skipped" not in done.stdout.splitlines()[-1]
