"""The archive of an environment on HDFS, put there once: the nodes keep what they have unpacked for the next run.

`python -m d4p.submit.share ARCHIVE URL` puts it there, unless it is. Hadoop's own client does it, which Spark brings.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from d4p.errors import Refused, RunFailed
from d4p.java import prepare
from d4p.submit import exits
from d4p.submit.spark_home import Spark, find_spark

_SECONDS = 1800


def put(archive: Path, url: str, spark: Spark, environ: Mapping[str, str], log: Path | None = None) -> bool:
    """Put a file at a URL, whole or not at all; gives False where it has been there already.

    `environ` has JAVA_HOME and HADOOP_CONF_DIR. Raises RunFailed, with what Hadoop says.
    """
    folder = url.rpartition("/")[0]
    said = _shell(spark, environ, log, "-put", str(archive), url)
    if said is not None and "File exists" not in said and "No such file or directory" in said:
        _shell(spark, environ, log, "-mkdir", "-p", folder)
        said = _shell(spark, environ, log, "-put", str(archive), url)
    if said is None:
        return True
    if "File exists" in said:
        return False
    raise RunFailed(f"{archive.name} can't be kept in {folder}: {_reason(said)}")


def _shell(spark: Spark, environ: Mapping[str, str], log: Path | None, *words: str) -> str | None:
    """Run a command of `hdfs dfs`; gives what it said where it failed."""
    classes = f"{environ.get('HADOOP_CONF_DIR', '')}:{spark.home}/jars/*"
    options = [f"-Dlog4j2.configurationFile={log}"] if log else []
    command = [f"{environ['JAVA_HOME']}/bin/java", *options, "-cp", classes, "org.apache.hadoop.fs.FsShell", *words]
    try:
        done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("Spark: ")]
    return (lines or ["Hadoop doesn't say why"])[-1]


def main() -> None:
    """Put an archive at a URL, with the environment of a shell."""
    here = find_spark()
    if here is None:
        raise Refused("there is no Spark here, whose Hadoop would do it: set SPARK_HOME")
    environment = dict(os.environ)
    prepare(environment, here.version, quiet=True)
    put(Path(sys.argv[1]), sys.argv[2], here, environment)


if __name__ == "__main__":
    exits.run(main)
