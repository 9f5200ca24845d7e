"""The folder of records: which there are, and which one a name means."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import time
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from d4p.errors import Refused
from d4p.filesystems import is_url
from d4p.items.shape import Shape, parsed
from d4p.record import record as its
from d4p.record.place import RUNS as VARIABLE
from d4p.record.place import runs_folder

from .shapes import ERROR, PLAN, RUN, SUMMARY, wrong

#: Names the last run.
LATEST = "latest"
#: Seconds of silence after which a run on another machine is taken for lost.
SILENT = 3 * its.ALIVE_EVERY
LOST = "lost"
#: Of many runs that a name may mean so many are listed.
_FEW = 8


class Run:
    """A record, read as it is asked for.

    Args:
        folder: of the record.

    Attributes:
        about: what run.json holds; fields that this version doesn't know too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.id = folder, folder.name
        self.about: dict[str, Any] = read_json(folder / its.RUN, RUN)

    @property
    def state(self) -> str:
        """As run.json has it; one that says running, and whose program is gone or silent, is lost."""
        return state(self.about)

    @cached_property
    def plan(self) -> dict[str, Any]:
        """plan.json; empty where the record has none."""
        return read_json(self.folder / its.PLAN, PLAN, missing={})

    @cached_property
    def summary(self) -> dict[str, Any]:
        """summary.json; empty where the run hadn't come so far."""
        return read_json(self.folder / its.SUMMARY, SUMMARY, missing={})

    @property
    def samples(self) -> list[dict[str, Any]]:
        return read_lines(self.folder / its.SAMPLES)

    @property
    def inputs(self) -> list[dict[str, Any]]:
        return read_lines(self.folder / its.INPUTS)

    @property
    def errors(self) -> list[dict[str, Any]]:
        """What ended the run, or was set aside, in order."""
        return [read_json(path, ERROR) for path in sorted((self.folder / its.ERRORS).glob("*.json"))]

    @property
    def log(self) -> str:
        """What PEs logged."""
        return _text(self.folder / its.LOG)

    def program(self, name: str) -> str:
        """A text of what was compiled; "" where the record has none."""
        digest = self.about.get("program")
        return _text(self.folder.parent / its.PROGRAMS / digest / name) if digest else ""


def state(about: dict[str, Any]) -> str:
    """The state that run.json tells of."""
    said = str(about.get("state"))
    if said != its.RUNNING:
        return said
    if about.get("host") == platform.node():
        return said if _is_alive(about.get("process")) else LOST
    silent = time.time() - moment(about.get("alive")) > SILENT
    return LOST if silent else said


def _is_alive(process: Any) -> bool:
    try:
        os.kill(int(process), 0)
    except PermissionError:  # another user's
        return True
    except (OSError, ValueError, TypeError, OverflowError):
        return False
    return True


def moment(said: Any) -> float:
    """Seconds since 1970 of a time in a record; 0 where it is none."""
    try:
        return datetime.fromisoformat(said).timestamp()
    except (ValueError, TypeError):
        return 0.0


def folder() -> Path:
    """The folder of records. Raises Refused where that is a URL."""
    place = runs_folder()
    if is_url(place):
        raise Refused(f"${VARIABLE} is {place}, and records are read from a folder: leave it unset, or have it name "
                      f"one, and `d4p runs fetch {place}` copies them there")
    return Path(place)


def ids() -> list[str]:
    """All runs, the oldest first."""
    try:
        with os.scandir(folder()) as found:
            return sorted(each.name for each in found if each.name != its.PROGRAMS and not each.name.startswith(".")
                          and each.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def find(name: str) -> Run:
    """The run that a name means: `latest`, an id, an unambiguous beginning of one, or the folder of a record anywhere.

    Raises Refused, saying which there are.
    """
    if os.sep in name and (Path(name) / its.RUN).exists():
        return Run(Path(name))
    known = ids()
    if not known:
        raise Refused(f"there are no runs in {folder()}: `d4p run` leaves one there each time; ${VARIABLE} may name "
                      "another folder")
    if name == LATEST:
        return Run(folder() / known[-1])
    found = [name] if name in known else [each for each in known if each.startswith(name)]
    if len(found) == 1:
        return Run(folder() / found[0])
    if found:
        raise Refused(f"{len(found):,} runs begin with {name!r}: {_some(found)}. Give more of the id")
    raise Refused(f"there is no run {name!r} in {folder()}: the last ones are {_some(known)}; `{LATEST}` is the last, "
                  "and the beginning of an id will do")


def _some(names: list[str]) -> str:
    last = names[: -_FEW - 1 : -1]
    return ", ".join(last) + (", ..." if len(names) > _FEW else "")


def remove(run: Run) -> None:
    """Remove a record. Raises Refused where its run is on; OSError."""
    if run.state == its.RUNNING:
        raise Refused(f"{run.id} is running on {run.about.get('host')}, process {run.about.get('process')}: its record "
                      "can go when it has ended")
    shutil.rmtree(run.folder)


def remove_unused_programs() -> None:
    """Remove the programs that no run is of any more. Raises OSError."""
    used = {Run(folder() / each).about.get("program") for each in ids()}
    programs = folder() / its.PROGRAMS
    for path in programs.iterdir() if programs.is_dir() else ():
        if path.name not in used:
            shutil.rmtree(path)


def read_json(path: Path, shapes: dict[str, Shape], missing: dict[str, Any] | None = None) -> dict[str, Any]:
    """A JSON object of a record. Raises Refused where it is none, a field isn't as it must be, or it isn't there and
    nothing stands for it."""
    try:
        found = parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if missing is not None:
            return missing
        raise Refused(f"{path} isn't there: is {path.parent} the record of a run?") from None
    except (OSError, ValueError) as error:
        raise Refused(f"{path} can't be read: {error}") from None
    if not isinstance(found, dict):
        raise Refused(f"{path} must be a JSON object; it is a {type(found).__name__}")
    if field := wrong(found, shapes):
        raise Refused(f"{path} isn't of a record: its field {field!r} is {found[field]!r:.80}")
    return found


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file; none where there is no such file. What is no JSON object is left out."""
    found = []
    for line in _text(path).splitlines():
        with contextlib.suppress(ValueError):
            found.append(parsed(line))
    return [each for each in found if isinstance(each, dict)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
