"""One submission from the first check to the exit status."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from d4p.describe.printable import complain, echo
from d4p.errors import Refused, RunFailed
from d4p.hadoop.java import prepare
from d4p.hadoop.submit import client, cluster
from d4p.hadoop.submit.checks import check
from d4p.hadoop.submit.client import Watch
from d4p.hadoop.submit.command import LOG, build, printed, size
from d4p.hadoop.submit.jars import keep_jars
from d4p.hadoop.submit.options import Request
from d4p.hadoop.submit.pack import editables, env_archive, pack
from d4p.hadoop.submit.secrets import handed_over
from d4p.hadoop.submit.settings import Settings, settings
from d4p.hadoop.submit.share import keep
from d4p.hadoop.submit.shell import Shell
from d4p.hadoop.submit.spark_home import Spark, find_spark
from d4p.hadoop.submit.yarn import Unreachable, Yarn


class Plain:
    """Where a run is shown: nobody watches its events, what is said is printed."""

    watch: Watch | None = None
    stdout = stderr = None

    def say(self, line: str) -> None:
        echo(line)


def submit(bundle: Path, name: str, request: Request, screen: Callable[[], Any] = lambda: nullcontext(Plain()),
           environ: Mapping[str, str] = os.environ) -> int:
    """Submit a bundle and wait for its end: 0 done, 1 it failed, 2 it was refused, 130 interrupted.

    `screen` makes what shows the run while it lasts, a context manager that gives something like `Plain`.

    Raises Refused, RunFailed before anything was started.
    """
    spark = find_spark(environ)
    if spark is None:
        raise Refused(_no_spark(environ))
    wanted = settings(request, bundle, spark, environ)
    check(request, wanted, spark, bundle, environ)
    archive = env_archive(environ=environ) if wanted.env == "pack" and not wanted.here else None
    environment = dict(environ)
    java = prepare(environment, spark.version, quiet=True)
    kept = f"{wanted.keep.rstrip('/')}/{archive.name}" if archive and wanted.keep and wanted.yarn else None
    command = build(request, wanted, spark, bundle, name, archive, kept, environment["JAVA_HOME"], environ)
    if request.dry_run:
        echo(printed(command, request, bundle))
        return 0
    echo(f"{spark} on {java}")
    if archive is not None:
        _pack(archive)
    shell = Shell(spark, {**environment, "HADOOP_CONF_DIR": str(wanted.hadoop)}, bundle / LOG)
    if archive is not None and kept is not None and not _keep(archive, kept, shell):
        kept = None
    if wanted.jars is not None and not _keep_jars(spark, wanted.jars, shell):
        wanted = replace(wanted, jars=None, spark={k: v for k, v in wanted.spark.items() if v != wanted.jars})
    command = build(request, wanted, spark, bundle, name, archive, kept, environment["JAVA_HOME"], environ)
    for note in [*command.notes, *_silent(wanted)]:
        echo(f"note: {note}")
    with handed_over(command, spark, environ) as command, screen() as shown:
        if wanted.mode == "client" or not wanted.yarn:
            return client.run(command, environ, shown.watch, shown.stdout, shown.stderr)
        end = cluster.run(command, environ, Path(str(wanted.hadoop)), shown.say, shown.watch)
    if end.printed:
        echo(end.printed.removesuffix("\n"))
    for line in end.reasons(request.java_stack):
        complain(line)
    return end.status


def _silent(wanted: Settings) -> Iterator[str]:
    """YARN is asked for a sign of life: Spark itself tries for minutes without a word."""
    yarn = Yarn(Path(wanted.hadoop)) if wanted.yarn and wanted.hadoop else None
    if yarn is not None and yarn.addresses:
        try:
            yarn.active()
        except Unreachable as error:
            yield (f"YARN's ResourceManager can't be asked from here ({error}): if it is down, Spark goes on trying "
                   "for a while without a word")


def _pack(archive: Path) -> None:
    for package in editables():
        echo(f"note: {package} is installed in editable form, and so not in the archive of the environment: --include "
              "its folder, or install it plainly")
    if archive.exists():
        echo(f"environment: {archive}, {size(archive)}, as packed before")
        return
    echo("environment: being packed; it is kept for the next time")
    pack(archive)
    echo(f"environment: {archive}, {size(archive)}")


def _keep(archive: Path, url: str, shell: Shell) -> bool:
    """Put the archive where the next run finds it; a run can do without."""
    try:
        done = keep(archive, url, shell)
    except RunFailed as error:
        echo(f"note: {error}; it is uploaded for this run alone")
        return False
    echo("\n".join(f"environment: {line}" for line in done))
    return True


def _keep_jars(spark: Spark, url: str, shell: Shell) -> bool:
    """Put Spark's own jars where the next run finds them; a run can do without."""
    try:
        for line in keep_jars(spark, url, shell):
            echo(f"Spark's jars: {line}")
    except RunFailed as error:
        echo(f"note: {error}")
        return False
    return True


def _no_spark(environ: Mapping[str, str]) -> str:
    if home := environ.get("SPARK_HOME"):
        return (f"SPARK_HOME is {home}, where there is no Spark: set it to the folder that has bin/spark-submit, or "
                "unset it")
    return "there is no Spark here: set SPARK_HOME to the cluster's, or pip install 'pyspark>=3.5'"

