"""Archives of environments that nobody has used for a time go from the folder that they are kept in.

When one was used last is what an empty file beside it tells. The archive's own time must stay as it is: YARN takes a
file whose time has changed for another, which its nodes would fetch anew, and the containers that a run in progress
still starts would fail.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from d4p.hadoop.submit.shell import Failed, Shell
from d4p.hadoop.submit.yarn import Unreachable, Yarn

#: An archive that wasn't used for so long is removed.
UNUSED_DAYS = 30
_DAY = 24 * 3600.0
#: An archive is marked as used so long, or less, before YARN has the application that uses it.
_MARGIN = _DAY
_MARK = ".used"
#: Archives as pack.py and jars.py name them, what marks them, and what Hadoop calls one whose upload isn't complete.
_OURS = re.compile(rf"(env-[0-9a-f]+-[0-9a-f]+\.tar\.gz|jars-[\w.-]+-[0-9a-f]+\.zip)({re.escape(_MARK)}|\._COPYING_)?")


@dataclass(frozen=True)
class File:
    """A file of the folder: when it was written, in seconds, whose it is, and its name."""

    written: float
    owner: str
    name: str


def mark(url: str, shell: Shell) -> None:
    """An archive is used now; the folder is made where there is none. Where that can't be, no run should fail."""
    try:
        try:
            shell.run("-touchz", url + _MARK)
        except Failed as failed:
            if "No such file or directory" not in str(failed):
                raise
            shell.run("-mkdir", "-p", url.rpartition("/")[0])
            shell.run("-touchz", url + _MARK)
    except Failed:  # putting the archive there will say why
        pass


def remove_unused(url: str, shell: Shell) -> str:
    """Remove what isn't used beside an archive that was marked just now; gives a line that says so, or "".

    Who runs something on YARN for longer keeps what that may use; where YARN doesn't say what runs, all stays.
    """
    folder, _, mine = url.rpartition("/")
    try:
        there = listed(shell.run("-stat", "%Y %u %n", f"{folder}/*-*"))
        now = next((file for file in there if file.name == mine + _MARK), None)
        if now is None:
            return ""
        limit = now.written - UNUSED_DAYS * _DAY
        names = unused(there, mine, now.owner, limit)
        if names:
            since = Yarn(Path(shell.environ.get("HADOOP_CONF_DIR", os.devnull))).runs_since(now.owner)
            names = unused(there, mine, now.owner, limit if since is None else min(limit, since - _MARGIN))
        if not names:
            return ""
        shell.run("-rm", "-f", "-skipTrash", *(f"{folder}/{name}" for name in names))
    except Unreachable:
        return ""
    except Failed as failed:
        return f"archives that nobody has used for {UNUSED_DAYS} days can't be removed from {folder}: {failed.reason}"
    count = sum(not name.endswith(_MARK) for name in names)
    what = "an archive" if count == 1 else f"{count} archives"
    return f"{what} that nobody has used for {UNUSED_DAYS} days removed from {folder}" if count else ""


def listed(said: str) -> list[File]:
    """The files that `-stat "%Y %u %n"` prints, a line each."""
    lines = (line.split(" ", 2) for line in said.splitlines() if line.count(" ") >= 2)
    return [File(int(written) / 1000, owner, name) for written, owner, name in lines if written.isdigit()]


def unused(there: list[File], mine: str, owner: str, limit: float) -> list[str]:
    """The names of an owner's files that belong to an archive, not `mine`, that wasn't used since the time `limit`."""
    last: dict[str, float] = {}
    ours = [(file, found[1]) for file in there if (found := _OURS.fullmatch(file.name))]
    for file, archive in ours:
        last[archive] = max(file.written, last.get(archive, 0.0))
    return [file.name for file, archive in ours if archive != mine and file.owner == owner and last[archive] < limit]
