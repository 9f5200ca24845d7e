"""The Spark that is installed on this machine; found without importing it."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spark:
    """An installed Spark: its version, its home (with bin/spark-submit) and where it was found."""

    version: str
    home: Path
    source: str

    def __str__(self) -> str:
        return f"pyspark {self.version}" if self.source == "pip" else f"Spark {self.version} (SPARK_HOME, {self.home})"

    @property
    def submit(self) -> Path:
        """The program that submits to it."""
        return self.home / "bin" / "spark-submit"


def find_spark(environ: Mapping[str, str] = os.environ) -> Spark | None:
    """The Spark of SPARK_HOME, which Spark's own scripts prefer too, or that of the package pyspark."""
    if home := environ.get("SPARK_HOME"):
        version = _version(Path(home, "python", "pyspark")) or _version(Path(home))  # a distribution, or pip's folder
        return Spark(version, Path(home), "SPARK_HOME") if version else None
    return pip_spark()


def pip_spark() -> Spark | None:
    """The pip package, if it is the whole one: that of Spark Connect's client has no jars."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    version = _version(home)
    return Spark(version, home, "pip") if version and (home / "jars").is_dir() else None


def first_two(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _version(package: Path) -> str | None:
    """The version that a pyspark folder states."""
    try:
        text = (package / "version.py").read_text()
    except OSError:
        return None
    found = re.search(r"""^__version__.*=\s*["'](.+)["']""", text, re.MULTILINE)
    return found[1] if found else None
