"""The index of records: an SQLite file beside them, made of them, and of no worth without them.

A record whose run.json hasn't changed since it was taken in isn't read again, so that ten thousand are listed at once.
A run that is over doesn't change any more: for those not even that is looked at.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from d4p.errors import Refused
from d4p.record import record as its

from .folder import LOST, Run, folder, ids, moment, state
from .line import said

#: Its name; another form gets another, so that nothing is ever converted.
NAME = ".index-2.sqlite"
_TABLE = ("create table if not exists runs (id text primary key, over integer, name text, target text, state text, "
          "began real, said text, about text)")
#: What a run is in that came to no good end.
_FAILED = ("failed", "interrupted", LOST)
#: Fields of run.json that it keeps.
_FIELDS = ("id", "state", "name", "workflow", "target", "width", "parameters", "began", "alive", "ended", "seconds",
           "exit_status", "host", "process", "user")  # fmt: skip


def listed(workflow: str | None = None, target: str | None = None) -> list[dict[str, Any]]:
    """What run.json says of all runs, the newest first; those of a workflow or a target only, where one is given."""
    with _opened() as database:
        _update(database)
        where, values = _where(workflow, target)
        return [json.loads(about) for (about,) in database.execute(f"select about from runs {where}", values)]


def lines(workflow: str | None = None, target: str | None = None, failed: bool = False,
          most: int | None = None) -> Iterator[str]:
    """A line a run, the newest first; with `failed` those that came to no good end alone, and at most so many.

    Of a run that is over the line lies in the index, so that nothing is parsed for it."""
    with _opened() as database:
        _update(database)
        where, values = _where(workflow, target)
        rows = database.execute(f"select id, over, state, began, said, about from runs {where}", values).fetchall()
    return islice(_shown(rows, failed), most)


def _shown(rows: list[Any], failed: bool) -> Iterator[str]:
    for name, over, how, began, text, about in rows:
        if not over:
            found = json.loads(about)
            how = state(found)
            text = said(found, how)
        if not failed or how in _FAILED:
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(began)) if began else f"{'?':<19}"
            yield f"{name}  {when}  {text}"


def _where(workflow: str | None, target: str | None) -> tuple[str, list[str]]:
    """What chooses runs, and puts the newest first."""
    wanted = [(column, value) for column, value in (("name", workflow), ("target", target)) if value is not None]
    where = " and ".join(f"{column} = ?" for column, _ in wanted)
    return f"{f'where {where}' if where else ''} order by id desc", [value for _, value in wanted]


def reindex() -> int:
    """Make the index anew; gives the number of runs."""
    (folder() / NAME).unlink(missing_ok=True)
    with _opened() as database:
        _update(database)
        return database.execute("select count(*) from runs").fetchone()[0]


@contextlib.contextmanager
def _opened() -> Iterator[sqlite3.Connection]:
    """The index; in memory where it can't be written. What is no index is made anew."""
    path = folder() / NAME
    try:
        database = _connected(path)
    except sqlite3.DatabaseError as error:
        if not isinstance(error, sqlite3.OperationalError):
            path.unlink()
            database = _connected(path)
        else:
            database = _connected(Path(":memory:"))
    try:
        with database:
            yield database
    finally:
        database.close()


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=5)
    database.execute(_TABLE)
    return database


def _update(database: sqlite3.Connection) -> None:
    """Take in what is new, or was not over when it was taken in; forget what is gone."""
    there = ids()
    known = dict(database.execute("select id, over from runs"))
    for each in set(known).difference(there):
        database.execute("delete from runs where id = ?", (each,))
    for each in there:
        if not known.get(each):
            with contextlib.suppress(Refused):  # a folder that is no record, or has just been begun
                about = Run(folder() / each).about
                over = about.get("state") != its.RUNNING
                mine = {field: about.get(field) for field in _FIELDS} | {"id": each}
                how = str(about.get("state"))
                database.execute("insert or replace into runs values (?, ?, ?, ?, ?, ?, ?, ?)",
                                 (each, over, about.get("name"), about.get("target"), how, moment(about.get("began")),
                                  said(mine, how), json.dumps(mine)))  # fmt: skip
