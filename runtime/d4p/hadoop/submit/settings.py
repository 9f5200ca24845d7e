"""What was asked for and what the profile says, put together: everything a command is made of."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from d4p.errors import Refused
from d4p.filesystems import configuration
from d4p.hadoop.submit.jars import archive_name
from d4p.hadoop.submit.options import ENVS, Request
from d4p.hadoop.submit.profiles import read_profile
from d4p.hadoop.submit.properties import lines
from d4p.hadoop.submit.spark_home import Spark

#: Settings of ours in a profile; Spark never sees them.
OURS = "spark.d4p."
_OURS = ("env", "python", "keep", "jars", "hadoopConfDir")
#: Where Spark is told of its jars on YARN.
_JARS = ("spark.yarn.jars", "spark.yarn.archive")


@dataclass(frozen=True)
class Settings:
    """One submission, decided but for what is packed.

    Attributes:
        spark: the settings for Spark.
        master, mode: what they come to; mode is client or cluster.
        env: `pack` or `path`; None where Spark's defaults decide.
        python: with `path` the nodes' Python.
        keep: with `pack` the folder, a URL, where the archive is kept for the next run; None for nowhere.
        jars: the URL of the archive of Spark's own jars that is to be kept; None where there is to be none.
        hadoop: the folder of the client configuration of Hadoop, if one is known.
        defaults: what Spark's own spark-defaults.conf says; Spark reads it itself, and checks look there too.
    """

    spark: Mapping[str, str]
    master: str
    mode: str
    env: str | None
    python: str | None
    keep: str | None
    hadoop: str | None
    defaults: Mapping[str, str] = field(default_factory=dict)
    jars: str | None = None

    @property
    def effective(self) -> dict[str, str]:
        """The settings that Spark will go by, as far as they are known here."""
        return {**self.defaults, **self.spark}

    @property
    def yarn(self) -> bool:
        return self.master == "yarn"

    @property
    def here(self) -> bool:
        """Whether the executors run on this machine, whatever they are."""
        return self.master.startswith("local")


def settings(request: Request, bundle: Path, spark: Spark, environ: Mapping[str, str] = os.environ) -> Settings:
    """Options before the profile, the profile before Spark's own defaults. Raises Refused for what can't be."""
    names = variables(environ, spark)
    profile = read_profile(bundle, request.profile, names) if request.profile else {}
    given = request.conf or {}
    merged = {**profile, **given}
    ours = {key.removeprefix(OURS): value for key, value in merged.items() if key.startswith(OURS)}
    if unknown := sorted(set(ours) - set(_OURS)):
        raise Refused(f"there is no setting {OURS}{unknown[0]}: d4p's own are {', '.join(OURS + own for own in _OURS)}")
    merged = {key: value for key, value in merged.items() if not key.startswith(OURS)}
    defaults = _defaults(defaults_file(spark, request.spark, environ))
    master = merged.get("spark.master") or defaults.get("spark.master") or _no_master(request, environ)
    mode = (merged.get("spark.submit.deployMode") or defaults.get("spark.submit.deployMode")
            or environ.get("DEPLOY_MODE") or "client")  # fmt: skip
    named = request.python or _python(given)
    python = named or _python(profile) or defaults.get("spark.pyspark.python") or environ.get("PYSPARK_PYTHON")
    env = request.env or given.get(f"{OURS}env") or ("path" if named else ours.get("env"))
    if env not in (None, *ENVS):
        raise Refused(f"{OURS}env must be {' or '.join(ENVS)}; it is {env!r}")
    if env == "pack" and named and (request.env or given.get(f"{OURS}env")):
        raise Refused(f"--env pack sends the Python that d4p runs in, and {named} is asked for as well: leave one of "
                      "them out, or give --env path with the nodes' own Python")
    if python is None and master.startswith("local"):
        python = sys.executable
    jars = _kept_jars(ours, spark) if master == "yarn" and not {*merged, *defaults}.intersection(_JARS) else None
    merged |= {"spark.yarn.archive": jars} if jars else {}
    return Settings(merged, master, mode, env, python, ours.get("keep"), hadoop_folder(given, profile, environ),
                    defaults, jars)


def hadoop_folder(given: Mapping[str, str], profile: Mapping[str, str],
                  environ: Mapping[str, str] = os.environ) -> str | None:
    """The folder of Hadoop's client configuration: that of the command line, of the environment, of the profile, or of
    the Hadoop that is installed here."""
    setting = f"{OURS}hadoopConfDir"
    return (given.get(setting) or environ.get("HADOOP_CONF_DIR") or environ.get("YARN_CONF_DIR")
            or profile.get(setting) or (str(found) if (found := configuration.folder(environ)) else None))


def variables(environ: Mapping[str, str], spark: Spark | None) -> dict[str, str]:
    """The values of the variables that a profile may use."""
    home = {"SPARK_HOME": str(spark.home)} if spark else {}
    return {**home, "HOME": environ.get("HOME", ""), "USER": _user(environ),
            "HADOOP_USER_NAME": environ.get("HADOOP_USER_NAME", "")}


def _kept_jars(ours: Mapping[str, str], spark: Spark) -> str | None:
    """The URL of the archive of Spark's own jars, where it is to be kept."""
    if (how := ours.get("jars", "upload")) not in ("upload", "keep"):
        raise Refused(f"{OURS}jars must be upload or keep; it is {how!r}")
    if how == "upload":
        return None
    if not ours.get("keep"):
        raise Refused("--keep-jars keeps the archive of Spark's jars in the folder that spark.d4p.keep names, and "
                      "nothing does: write it into the profile, such as spark.d4p.keep hdfs:///user/$USER/.d4p")
    return f"{ours['keep'].rstrip('/')}/{archive_name(spark)}"


def _python(conf: Mapping[str, str]) -> str | None:
    """The nodes' Python that settings name."""
    return conf.get(f"{OURS}python") or conf.get("spark.pyspark.python")


def _no_master(request: Request, environ: Mapping[str, str]) -> str:
    if request.profile is None:
        return environ.get("MASTER") or "local[*]"  # as Spark does
    raise Refused(f"the profile {request.profile} names no master: write it there as spark.master, or give it with the "
                  "command, such as --master spark://HOST:7077")


def defaults_file(spark: Spark, words: Sequence[str] = (), environ: Mapping[str, str] = os.environ) -> Path:
    """Where Spark looks for its defaults: in the file that a word for spark-submit names, else in its own."""
    for number, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option == "--properties-file" and (equals or number + 1 < len(words)):
            return Path(value if equals else words[number + 1])
    return Path(environ.get("SPARK_CONF_DIR") or spark.home / "conf") / "spark-defaults.conf"


def _defaults(file: Path) -> dict[str, str]:
    """What Spark's own spark-defaults.conf says, where there is one. Spark reads it after us, and has no complaint of
    a setting without a value or one that isn't its own; nor does it know variables."""
    try:
        text = file.read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    return {key: value for _, key, value in lines(text) if key.startswith("spark.")}


def _user(environ: Mapping[str, str]) -> str:
    try:
        return environ.get("USER") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return ""
