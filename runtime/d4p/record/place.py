"""Where records are, and what they are called."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping

#: In the environment: the folder of records.
RUNS = "D4P_RUNS"


def new_run() -> str:
    """An id for a run that no other has. Ids sort by time: UTC to the millisecond stands first."""
    now = time.time()
    return f"{time.strftime('%Y%m%dt%H%M%S', time.gmtime(now))}{int(now * 1000) % 1000:03}z{secrets.token_hex(2)}"


def runs_folder(environ: Mapping[str, str] = os.environ) -> str:
    """The folder of records: $D4P_RUNS, else d4p/runs where a user's data lie."""
    if given := environ.get(RUNS):
        return os.path.abspath(os.path.expanduser(given))
    data = environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(data, "d4p", "runs")
