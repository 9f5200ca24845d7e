"""The archive of an environment on HDFS, put there once: the nodes keep what they have unpacked for the next run.

`python -m d4p.hadoop.submit.share ARCHIVE URL` puts it there, unless it is. Hadoop's own client does it, which Spark
brings.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from d4p.errors import Refused, RunFailed
from d4p.hadoop.java import prepare
from d4p.hadoop.submit import exits
from d4p.hadoop.submit.shell import Failed, Shell
from d4p.hadoop.submit.spark_home import find_spark
from d4p.hadoop.submit.unused import mark, remove_unused


def keep(archive: Path, url: str, shell: Shell) -> list[str]:
    """Put a file at a URL, unless it is there, and remove such as nobody uses; gives what was done, a line each.

    Raises RunFailed, with what Hadoop says, where it can't be put there.
    """
    mark(url, shell)  # first: nobody else removes it from now on
    if not put(archive, url, shell):
        return [f"is at {url}"]
    return [f"kept as {url}", *filter(None, [remove_unused(url, shell)])]


def put(archive: Path, url: str, shell: Shell) -> bool:
    """Put a file at a URL, whole or not at all; gives False where it has been there already.

    Raises RunFailed, with what Hadoop says.
    """
    try:
        shell.run("-put", str(archive), url)
    except Failed as failed:
        if "File exists" in str(failed):
            return False
        raise RunFailed(f"{archive.name} can't be kept in {url.rpartition('/')[0]}: {failed.reason}") from failed
    return True


def main() -> None:
    """Put an archive at a URL, with the environment of a shell."""
    here = find_spark()
    if here is None:
        raise Refused("there is no Spark here, whose Hadoop would do it: set SPARK_HOME")
    environment = dict(os.environ)
    prepare(environment, here.version, quiet=True)
    keep(Path(sys.argv[1]), sys.argv[2], Shell(here, environment))


if __name__ == "__main__":
    exits.run(main)
