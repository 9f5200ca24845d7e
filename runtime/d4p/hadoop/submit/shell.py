"""Commands of Hadoop's file system shell, as `hdfs dfs` runs them: by the client that Spark brings, in a Java each."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from d4p.hadoop.submit.spark_home import Spark

_SECONDS = 1800


class Failed(Exception):
    """What Hadoop said of a command that failed."""

    @property
    def reason(self) -> str:
        """The last line of it that isn't the log's."""
        lines = [line.strip() for line in str(self).splitlines() if line.strip() and not line.startswith("Spark: ")]
        return (lines or ["Hadoop doesn't say why"])[-1]


@dataclass(frozen=True)
class Shell:
    """The client of a Spark. `environ` has JAVA_HOME and HADOOP_CONF_DIR; `log` is a configuration of log4j."""

    spark: Spark
    environ: Mapping[str, str]
    log: Path | None = None

    def run(self, *words: str) -> str:
        """What a command prints. Raises Failed."""
        classes = f"{self.environ.get('HADOOP_CONF_DIR', '')}:{self.spark.home}/jars/*"
        options = [f"-Dlog4j2.configurationFile={self.log}"] if self.log else []
        java = f"{self.environ['JAVA_HOME']}/bin/java"
        command = [java, *options, "-cp", classes, "org.apache.hadoop.fs.FsShell", *words]
        try:
            done = subprocess.run(command, env=dict(self.environ), capture_output=True, text=True, timeout=_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Failed(str(error)) from error
        if done.returncode:
            raise Failed(done.stderr)
        return done.stdout
