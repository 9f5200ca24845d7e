"""Where records are, and what they are called."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Mapping

from d4p.filesystems import is_url

#: In the environment: the folder of records.
RUNS = "D4P_RUNS"
#: In the environment of a driver in YARN's cluster mode: its container, whose folder goes with it.
CONTAINER = "CONTAINER_ID"
#: There, too: for whom it runs, whoever the system's user is.
_USERS = ("HADOOP_USER_NAME", "SPARK_USER")


def new_run() -> str:
    """An id for a run that no other has. Ids sort by time: UTC to the millisecond stands first."""
    now = time.time()
    return f"{time.strftime('%Y%m%dt%H%M%S', time.gmtime(now))}{int(now * 1000) % 1000:03}z{os.urandom(2).hex()}"


def runs_folder(environ: Mapping[str, str] = os.environ) -> str:
    """The folder of records, or its URL: $D4P_RUNS, else d4p/runs where a user's data lie; where that goes with a
    container of YARN's, .d4p/runs in the user's folder of HDFS."""
    if (given := environ.get(RUNS)) and is_url(given):
        return given.rstrip("/")
    if given:
        return os.path.abspath(os.path.expanduser(given))
    if CONTAINER in environ:
        user = next((environ[name] for name in _USERS if environ.get(name)), "") or getpass.getuser()
        return f"hdfs:///user/{user}/.d4p/runs"
    data = environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(data, "d4p", "runs")
