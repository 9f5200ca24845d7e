"""What can be asked for when a program is submitted, on the command line of `d4p submit` and of submit.sh."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

from d4p.errors import Refused
from d4p.frozen import dataclass
from d4p.hadoop.submit.profiles import begins
from d4p.program.options import parser as program_parser
from d4p.program.options import words as program_words

#: Options that are another way to write a setting of Spark: option, its value, the setting, help.
SPARK_OPTIONS = (
    ("--master", "URL", "spark.master", "Spark's master, instead of the profile's."),
    ("--deploy-mode", "MODE", "spark.submit.deployMode", "client (the program runs here) or cluster (it runs there)."),
    ("--name", "NAME", "spark.app.name", "The application's name; else the workflow's."),
    ("--queue", "NAME", "spark.yarn.queue", "YARN's queue."),
    ("--principal", "NAME", "spark.kerberos.principal", "Kerberos: log in as this principal."),
    ("--keytab", "FILE", "spark.kerberos.keytab", "Kerberos: the principal's keytab."),
    ("--num-executors", "N", "spark.executor.instances", "How many executors."),
    ("--executor-cores", "N", "spark.executor.cores", "Cores of each executor."),
    ("--executor-memory", "SIZE", "spark.executor.memory", "Memory of each executor's Java: 4g, say."),
    ("--driver-cores", "N", "spark.driver.cores", "Cores of the program itself in cluster mode."),
    ("--driver-memory", "SIZE", "spark.driver.memory", "Memory of the program's own Java."),
)
#: Words of spark-submit that d4p gives too: of two it takes the last, so what they name is put beside d4p's own.
LISTS = (("--py-files", "spark.submit.pyFiles"), ("--files", "spark.files"), ("--archives", "spark.archives"))
#: What `--keep-jars` stands for, with the value keep.
KEEP_JARS = "spark.d4p.jars"
ENVS = ("pack", "path")
ENV_HELP = "The nodes' Python: an archive of this environment (pack), or one they have (path)."
PYTHON_HELP = "With --env path: the nodes' Python."
CONF_HELP = "A setting of Spark; may be repeated."
DRY_RUN_HELP = "Print the command and what would be shipped; run nothing."
KEEP_JARS_HELP = ("On YARN: put Spark's own jars into one archive in the folder spark.d4p.keep, once, instead of "
                  "uploading them for each run.")
JAVA_STACK_HELP = "Where it fails, show all that Java said, too."


@dataclass(frozen=True)
class Request:
    """One wish to submit a program.

    Attributes:
        profile: its name; None for Spark's own defaults.
        conf: settings of Spark that come before the profile's.
        env, python: how the nodes get their Python, where the profile is not to decide.
        program: the options of the program.
        spark: further words for spark-submit, as they are.
        compiled_by, shown_as: the command that makes the bundle, where this one is temporary, and the folder that it
            would make: what --dry-run prints.
        source: the folder of the user's own files, for tracebacks; None for a bundle's own.
    """

    profile: str | None = None
    conf: Mapping[str, str] | None = None
    env: str | None = None
    python: str | None = None
    program: tuple[str, ...] = ()
    spark: tuple[str, ...] = ()
    dry_run: bool = False
    java_stack: bool = False
    compiled_by: tuple[str, ...] = ()
    shown_as: str | None = None
    source: str | None = None


def parser() -> argparse.ArgumentParser:
    """The options of submit.sh, apart from the program's."""
    options = argparse.ArgumentParser(
        prog="submit.sh", allow_abbrev=False, usage="%(prog)s [--profile NAME] [options] [-- options of the program]",
        description="Submit this program to a Spark cluster. Options that are not listed go to spark-submit as they "
                    "are; those of the program (python job.py --help) may stand after --.",
    )
    options.add_argument("--profile", metavar="NAME", help="a file of profiles/; else Spark's own defaults")
    options.add_argument("--env", choices=ENVS, help=ENV_HELP)
    options.add_argument("--python", metavar="PATH", help=PYTHON_HELP)
    options.add_argument("--conf", metavar="KEY=VALUE", action="append", default=[], help=CONF_HELP)
    options.add_argument("--keep-jars", action="store_true", help=KEEP_JARS_HELP)
    options.add_argument("--dry-run", action="store_true", help=DRY_RUN_HELP)
    options.add_argument("--java-stack", action="store_true", help=JAVA_STACK_HELP)
    for option, metavar, setting, text in SPARK_OPTIONS:
        options.add_argument(option, metavar=metavar, dest=setting, help=text)
    for option, setting in LISTS:
        options.add_argument(option, metavar="LIST", dest=setting, help=f"{setting}: goes along with what d4p ships.")
    return options


def parse(words: list[str]) -> Request:
    """What was asked of submit.sh. Raises Refused for a --conf that isn't key=value."""
    before, after = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    given, rest = parser().parse_known_args(before)
    asked, spark = program_parser("").parse_known_args(rest)
    conf = as_settings(vars(given), given.conf, given.keep_jars)
    return Request(given.profile, conf, given.env, given.python, (*program_words(vars(asked)), *after), tuple(spark),
                   given.dry_run, given.java_stack)


def as_settings(given: Mapping[str, Any], conf: Iterable[str], keep_jars: bool = False) -> dict[str, str]:
    """The settings that options stand for (`{setting: value or None}`), and those of --conf, which come first."""
    names = [*(setting for _, _, setting, _ in SPARK_OPTIONS), *(setting for _, setting in LISTS)]
    settings = {setting: str(given[setting]) for setting in names if given.get(setting) is not None}
    settings |= {KEEP_JARS: "keep"} if keep_jars else {}
    for text in conf:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise Refused("--conf must be KEY=VALUE, such as --conf spark.executor.memoryOverhead=1g; "
                          f"{begins(text)}")  # fmt: skip
        settings[key.strip()] = value
    return settings

