"""Spark on this machine: which one would run a program, and on which Java."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from d4p.java import find_java, remedy, spark_needs

from . import Availability

OLDEST = (3, 5)
INSTALL = "pip install 'd4p_compile[spark]'"


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
    """The Spark of SPARK_HOME, which Spark's own scripts prefer too, or that of the package pyspark; not imported."""
    if home := environ.get("SPARK_HOME"):
        version = _version(Path(home, "python", "pyspark")) or _version(Path(home))  # a distribution, or pip's folder
        return Spark(version, Path(home), "SPARK_HOME") if version else None
    return _package()


def available(environ: Mapping[str, str] = os.environ) -> Availability:
    """Whether Spark programs run here: pyspark >= 3.5 with its jars, no other Spark in SPARK_HOME, a Java that fits."""
    package, spark = _package(), find_spark(environ)
    if spark is None:
        if home := environ.get("SPARK_HOME"):
            return Availability(False, f"SPARK_HOME is {home}, where there is no Spark", "unset SPARK_HOME")
        if importlib.util.find_spec("pyspark"):
            return Availability(False, "pyspark without Spark itself (the client of Spark Connect only)", INSTALL)
        return Availability(False, "no pyspark", INSTALL)
    if _numbers(spark.version) < OLDEST:
        return Availability(False, f"{spark}, which is older than {'.'.join(map(str, OLDEST))}", INSTALL)
    if package is not None and _numbers(package.version) != _numbers(spark.version):
        return Availability(False, f"{spark}, but {package}",
                            f"unset SPARK_HOME   (or: pip install 'pyspark=={spark.version}')")  # fmt: skip
    search = find_java(*spark_needs(spark.version), environ)
    if search.java is None:
        return Availability(False, "; ".join([f"{spark}, no Java for it", *search.passed_over]), remedy())
    return Availability(True, f"{spark}, Java {search.java.version} ({search.java.source})")


def environment(bundle: Any) -> dict[str, str]:
    """What `d4p run` adds to the program's environment: settings that keep Spark's noise down."""
    from ..conf import conf_file

    if "SPARK_CONF_DIR" in os.environ or "SPARK_HOME" in os.environ:
        return {}
    return {"SPARK_CONF_DIR": str(conf_file("log4j2.properties").parent)}


def _package() -> Spark | None:
    """The pip package, if it is the whole one: that of Spark Connect's client has no jars."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    version = _version(home)
    return Spark(version, home, "pip") if version and (home / "jars").is_dir() else None


def _version(package: Path) -> str | None:
    """The version that a pyspark folder states."""
    try:
        text = (package / "version.py").read_text()
    except OSError:
        return None
    found = re.search(r"""^__version__.*=\s*["'](.+)["']""", text, re.MULTILINE)
    return found[1] if found else None


def _numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
