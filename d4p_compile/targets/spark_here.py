"""Spark on this machine: which one would run a program, and on which Java."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from d4p.hadoop.java import find_java, remedy, spark_needs
from d4p.hadoop.submit.spark_home import find_spark, first_two, pip_spark
from d4p.host.runfolder import RunFolder

from ..conf import conf_file, settings_files
from ..emit.program import render
from ..ir.plan import Plan
from .target import Availability

OLDEST = (3, 5)
#: The workflow's own modules go to other machines: as a zip in the bundle.
ARCHIVE = "workflow.zip"
#: How many instances a stage has of which nobody said how many.
WIDTH = "Spark's default parallelism, or an instance for each 128 MiB to read where that is more"
INSTALL = "pip install 'pyspark[sql]>=3.5'"


def available(environ: Mapping[str, str] = os.environ) -> Availability:
    """Whether Spark programs run here: pyspark >= 3.5 with its jars, no other Spark in SPARK_HOME, a Java that fits."""
    package, spark = pip_spark(), find_spark(environ)
    if spark is None:
        if home := environ.get("SPARK_HOME"):
            return Availability(False, f"SPARK_HOME is {home}, where there is no Spark", "unset SPARK_HOME")
        if importlib.util.find_spec("pyspark"):
            return Availability(False, "pyspark without Spark itself (the client of Spark Connect only)", INSTALL)
        return Availability(False, "no pyspark", INSTALL)
    if first_two(spark.version) < OLDEST:
        return Availability(False, f"{spark}, which is older than {'.'.join(map(str, OLDEST))}", INSTALL)
    if package is not None and first_two(package.version) != first_two(spark.version):
        return Availability(False, f"{spark}, but {package}",
                            f"unset SPARK_HOME   (or: pip install 'pyspark=={spark.version}')")  # fmt: skip
    search = find_java(*spark_needs(spark.version), environ)
    if search.java is None:
        return Availability(False, "; ".join([f"{spark}, no Java for it", *search.passed_over]), remedy())
    return Availability(True, f"{spark}, Java {search.java.version} ({search.java.source})")


def environment(bundle: Any, folder: RunFolder) -> dict[str, str]:
    """What `d4p run` adds to the program's environment: settings that keep Spark's noise down."""
    if "SPARK_CONF_DIR" in os.environ or "SPARK_HOME" in os.environ:
        return {}
    return {"SPARK_CONF_DIR": str(conf_file("log4j2.properties").parent)}


def extras(plan: Plan, folder: Path) -> dict[str, str]:
    """What else goes into the bundle: submit.sh and the settings that it submits with."""
    return {"submit.sh": render("submit.sh.j2", plan, "Spark"), **settings_files()}
