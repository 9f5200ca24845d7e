"""What was asked for and what the profile says, put together: everything a command is made of."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from d4p.errors import Refused
from d4p.submit.options import ENVS, Request
from d4p.submit.profiles import read_profile, read_properties
from d4p.submit.spark_home import Spark

#: Settings of ours in a profile; Spark never sees them.
OURS = "spark.d4p."
_OURS = ("env", "python", "keep", "hadoopConfDir")


@dataclass(frozen=True)
class Settings:
    """One submission, decided but for what is packed.

    Attributes:
        spark: the settings for Spark.
        master, mode: what they come to; mode is client or cluster.
        env: `pack` or `path`; None where Spark's defaults decide.
        python: with `path` the nodes' Python.
        keep: with `pack` the folder, a URL, where the archive is kept for the next run; None for nowhere.
        hadoop: the folder of the client configuration of Hadoop, if one is known.
    """

    spark: Mapping[str, str]
    master: str
    mode: str
    env: str | None
    python: str | None
    keep: str | None
    hadoop: str | None

    @property
    def yarn(self) -> bool:
        return self.master == "yarn"

    @property
    def local(self) -> bool:
        """Whether all runs in one process of this machine."""
        return self.master.startswith("local") and not self.master.startswith("local-cluster")

    @property
    def here(self) -> bool:
        """Whether the executors run on this machine, whatever they are."""
        return self.master.startswith("local")


def settings(request: Request, bundle: Path, spark: Spark, environ: Mapping[str, str] = os.environ) -> Settings:
    """Options before the profile, the profile before Spark's own defaults. Raises Refused for what can't be."""
    variables = {"SPARK_HOME": str(spark.home), "HOME": environ.get("HOME", ""), "USER": _user(environ)}
    profile = read_profile(bundle, request.profile, variables) if request.profile else {}
    merged = {**profile, **(request.conf or {})}
    ours = {key.removeprefix(OURS): value for key, value in merged.items() if key.startswith(OURS)}
    if unknown := sorted(set(ours) - set(_OURS)):
        raise Refused(f"there is no setting {OURS}{unknown[0]}: d4p's own are {', '.join(OURS + own for own in _OURS)}")
    merged = {key: value for key, value in merged.items() if not key.startswith(OURS)}
    defaults = _defaults(spark, environ, variables)
    master = merged.get("spark.master") or defaults.get("spark.master") or _no_master(request)
    mode = merged.get("spark.submit.deployMode") or defaults.get("spark.submit.deployMode") or "client"
    python = request.python or ours.get("python") or merged.get("spark.pyspark.python") or environ.get("PYSPARK_PYTHON")
    env = request.env or ("path" if request.python else ours.get("env"))
    if env not in (None, *ENVS):
        raise Refused(f"{OURS}env must be {' or '.join(ENVS)}; it is {env!r}")
    hadoop = environ.get("HADOOP_CONF_DIR") or environ.get("YARN_CONF_DIR") or ours.get("hadoopConfDir")
    if python is None and master.startswith("local"):
        python = sys.executable
    return Settings(merged, master, mode, env, python, ours.get("keep"), hadoop)


def _no_master(request: Request) -> str:
    if request.profile is None:
        return "local[*]"  # as Spark does
    raise Refused(f"the profile {request.profile} names no master: write it there as spark.master, or give it with the "
                  "command, such as --master spark://HOST:7077")


def _defaults(spark: Spark, environ: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """What Spark's own spark-defaults.conf says, where there is one that can be read."""
    file = Path(environ.get("SPARK_CONF_DIR") or spark.home / "conf") / "spark-defaults.conf"
    try:
        return read_properties(file, variables)
    except (OSError, UnicodeDecodeError, Refused):  # Spark will say what it thinks of it
        return {}


def _user(environ: Mapping[str, str]) -> str:
    try:
        return environ.get("USER") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return ""
