"""What pages that are open are told, as server-sent events: a run's page, and the table of runs."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from d4p.errors import Refused
from d4p.record import record as its

from ..runs.folder import Run, state
from ..runs.index import listed
from ..runs.page import changes

#: Seconds between two looks at the files of a record, and how many times as long as making a page takes, so that who
#: looks on at a large run doesn't take its cores; after so many looks without news a sign that we are there.
EVERY, SELDOM, QUIET = 0.5, 10, 20

Row = dict[str, Any]


def of_run(run: Run, closing: threading.Event) -> Iterator[str]:
    """Whatever there is new of a run until it is over. While it is on, its recorder is told that somebody looks."""
    before, quiet = None, 0
    while True:
        ends = closing.is_set()
        began = time.monotonic()
        now = _files(run)
        if now != before:
            before = now
            with suppress(Refused):  # a file that is none for a moment
                run = Run(run.folder)
                yield _event(changes(run))
                quiet = 0
        if ends or run.state != its.RUNNING:
            yield _event({"state": run.state}, "end")
            return
        with suppress(OSError):
            (run.folder / its.LOOKS_ON).touch()
        quiet += 1
        if quiet % QUIET == 0:
            yield ": still there\n\n"
        closing.wait(max(EVERY, SELDOM * (time.monotonic() - began)))


def _files(run: Run) -> list[tuple[str, int, int]]:
    """Of each file that a page is made of when it was written, and how long it is."""
    found = []
    with suppress(OSError):
        for entry in os.scandir(run.folder):
            if not entry.name.startswith(".") and not entry.name.endswith(".html"):
                about = entry.stat()
                found.append((entry.name, about.st_mtime_ns, about.st_size))
    return [*sorted(found), (run.state, 0, 0)]


def rows() -> dict[str, Row]:
    """A row of the table for each run, by its id; the newest first."""
    found = {}
    for about in listed():
        parameters = about.get("parameters") or {}
        found[about["id"]] = {
            "id": about["id"], "name": about.get("name"), "target": about.get("target"), "state": state(about),
            "began": about.get("began"), "alive": about.get("ended") or about.get("alive"),
            "seconds": about.get("seconds"), "width": about.get("width"), "host": about.get("host"),
            "parameters": " ".join(f"{name}={value if isinstance(value, str) else json.dumps(value, default=str)}"
                                   for name, value in parameters.items())[:200]}  # fmt: skip
    return found


def of_runs(closing: threading.Event) -> Iterator[str]:
    """What has changed in the table of runs."""
    before, quiet, took = rows(), 0, 0.0
    yield _event({"rows": list(before.values()), "gone": []})
    while not closing.wait(max(2 * EVERY, SELDOM * took)):
        began = time.monotonic()
        now = rows()
        took = time.monotonic() - began
        changed = [row for id_, row in now.items() if before.get(id_) != row]
        gone = [id_ for id_ in before if id_ not in now]
        if changed or gone:
            yield _event({"rows": changed, "gone": gone})
        quiet += 1
        if quiet % QUIET == 0:
            yield ": still there\n\n"
        before = now
    yield _event({}, "end")


def _event(content: Any, name: str = "message") -> str:
    return f"event: {name}\ndata: {json.dumps(content, separators=(',', ':'), default=str)}\n\n"
