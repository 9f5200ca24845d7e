"""The record of one run: files that are replaced as a whole, so that whoever reads them while the run is on, or after
it was killed, finds them whole."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from d4p.record.masked import text

#: Of each file, in its field `version`.
VERSION = 1
RUN, PLAN, SUMMARY, LOG = "run.json", "plan.json", "summary.json", "log.txt"
INPUTS, SAMPLES, ERRORS, PROGRAMS = "inputs.jsonl", "samples.jsonl", "errors", "programs"
#: States of a run; one whose writer is silent is lost, which readers find (`d4p_compile.runs`).
RUNNING, DONE, FAILED, INTERRUPTED = "running", "done", "failed", "interrupted"
#: Seconds between two signs of life, with figures; and while somebody looks on, who says so by touching a file of the
#: record now and then, and is taken at that for so many seconds; but not before so many times as long as writing took.
ALIVE_EVERY, LOOKED_AT_EVERY, SELDOM = 20.0, 1.0, 50
LOOKS_ON, LOOKS_FOR = ".looks-on", 10.0
#: Characters of a message that are kept.
_LONGEST = 20_000


class Record:
    """Writes one record. That something can't be written is said once, and the run goes on.

    Attributes:
        place: where it is to be found.

    Args:
        runs: the folder of records.
        run: the run's id.
        unwritten: called with the reason where it can't be written.
    """

    def __init__(self, runs: str, run: str, unwritten: Callable[[str], None]) -> None:
        self.runs, self.folder = Path(runs), Path(runs) / run
        self.place = str(self.folder)
        self.run: dict[str, Any] = {"version": VERSION, "id": run, "state": RUNNING}
        self._unwritten, self.written = unwritten, True

    def begin(self, **about: Any) -> None:
        """Make the folder, and say in run.json that the run is on."""
        with self._trying():
            self.folder.mkdir(mode=0o700, parents=True)
            self.update(began=now(), **about)

    def update(self, **fields: Any) -> None:
        """Set fields of run.json, and that the run is alive."""
        self.run |= fields
        self.run["alive"] = now()
        self.put(RUN, self.run)

    def leave(self) -> None:
        """Nothing more is written."""

    def put(self, name: str, content: dict[str, Any]) -> None:
        """A JSON file of the record, in the place of what was there."""
        self._replace(self.folder / name, _dumped(content))

    def lines(self, name: str, contents: list[dict[str, Any]]) -> None:
        """A file of JSON lines, in the place of what was there."""
        self._replace(self.folder / name, "".join(f"{json.dumps(each, default=str)}\n" for each in contents))

    @property
    def looked_at(self) -> bool:
        """Whether somebody looks on."""
        try:
            return time.time() - os.stat(self.folder / LOOKS_ON).st_mtime < LOOKS_FOR
        except OSError:
            return False

    def program(self, files: dict[str, str]) -> str:
        """Keep the texts of a program, which runs share; gives the digest by which they are found."""
        digest = hashlib.sha256(_dumped(files).encode(errors="surrogatepass")).hexdigest()
        place = self.runs / PROGRAMS / digest
        with self._trying():
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, content in files.items():
                if not (place / name).exists():
                    self._replace(place / name, content)
        return digest

    def failed(self, failure: dict[str, Any]) -> None:
        """Keep what ended the run, or was set aside, under the next number."""
        with self._trying():
            place = self.folder / ERRORS
            place.mkdir(mode=0o700, exist_ok=True)
            self._replace(place / f"{len(os.listdir(place)) + 1:06}.json", _dumped({"version": VERSION, **failure}))

    def _replace(self, path: Path, content: str) -> None:
        with self._trying():
            replace(path, content)

    @contextlib.contextmanager
    def _trying(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self.written:
                self.written = False
                self._unwritten(f"the run isn't recorded: {error.filename or self.folder}: {error.strerror or error}")


def replace(path: Path, content: str) -> None:
    """Put a file in the place of what was there, at once. Raises OSError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        unfinished.write_text(content, encoding="utf-8", errors="backslashreplace")
        os.replace(unfinished, path)
    except OSError:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


def close(folder: str | Path, state: str, status: int, message: str | None) -> None:
    """Say how a run ended whose program couldn't, since it was killed; nothing where it did, or can't be written."""
    path = Path(folder) / RUN
    with contextlib.suppress(OSError, ValueError):  # as where it is elsewhere: whoever reads it finds it silent
        run = json.loads(path.read_text(encoding="utf-8"))
        if run["state"] == RUNNING:
            cause = {"message": text(message, _LONGEST)} if message else None
            run |= {"state": state, "exit_status": status, "cause": cause, "ended": now()}
            replace(path, _dumped(run))


def now() -> str:
    """This moment, as records have it: 2026-11-29T23:49:30.123+00:00."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _dumped(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, default=str) + "\n"
