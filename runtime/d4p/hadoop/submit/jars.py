"""Spark's own jars as one archive on HDFS (`--keep-jars`), put there once: else each run on YARN uploads them all.

`python -m d4p.hadoop.submit.jars URL` puts it there, unless it is. Hadoop's own client does it, which Spark brings.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from d4p.errors import Refused, RunFailed
from d4p.hadoop.java import prepare
from d4p.hadoop.submit import exits
from d4p.hadoop.submit.share import put
from d4p.hadoop.submit.shell import Failed, Shell
from d4p.hadoop.submit.spark_home import Spark, find_spark
from d4p.hadoop.submit.unused import mark, remove_unused


def jars(spark: Spark) -> list[Path]:
    """Spark's own jars."""
    return sorted((spark.home / "jars").glob("*.jar"))


def archive_name(spark: Spark) -> str:
    """What their archive is called: by the version, and by what they are."""
    listed = "".join(f"{file.name} {file.stat().st_size}\n" for file in jars(spark))
    return f"jars-{spark.version}-{hashlib.sha256(listed.encode()).hexdigest()[:16]}.zip"


def keep_jars(spark: Spark, url: str, shell: Shell) -> Iterator[str]:
    """Put the archive at a URL, unless it is there, and remove such as nobody uses; gives what is done, a line each.

    Raises RunFailed, with what Hadoop says, where it can't be put there.
    """
    mark(url, shell)  # first: nobody else removes it from now on
    if _is_there(url, shell):
        yield f"are at {url}"
        return
    yield "being put into one archive; it is kept for the next time"
    with tempfile.TemporaryDirectory(prefix="d4p-jars-") as folder:
        archive = Path(folder, url.rpartition("/")[2])
        try:
            with zipfile.ZipFile(archive, "w") as made:  # not compressed: jars are
                for file in jars(spark):
                    made.write(file, file.name)
        except OSError as error:
            raise RunFailed(f"{archive.name} can't be made in {folder}: {error.strerror or error}; TMPDIR names "
                            "another place") from error
        put(archive, url, shell)
    yield f"kept as {url}"
    yield from filter(None, [remove_unused(url, shell)])


def _is_there(url: str, shell: Shell) -> bool:
    try:
        shell.run("-test", "-e", url)
    except Failed:  # where Hadoop can't say, putting it there will say why
        return False
    return True


def main() -> None:
    """Put the archive at a URL, with the environment of a shell."""
    here = find_spark()
    if here is None:
        raise Refused("there is no Spark here, whose jars they would be: set SPARK_HOME")
    environment = dict(os.environ)
    prepare(environment, here.version, quiet=True)
    for line in keep_jars(here, sys.argv[1], Shell(here, environment)):
        print(f"Spark's jars: {line}")


if __name__ == "__main__":
    exits.run(main)
