"""The page of a run as a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from d4p.describe.boundary import reason
from d4p.errors import Refused
from d4p.record.record import replace

from .folder import Run
from .page import page

#: What it is called in a record.
NAME = "report.html"


def written(run: Run, path: str | None = None) -> Path:
    """Write the page; gives where. Without a path it lies in the run's record, with which it goes, or where that can't
    be written in a folder for such. Raises Refused where it can't be written to the path."""
    made = page(run)
    if path is not None:
        try:
            with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(made)
        except OSError as error:
            raise Refused(f"the page can't be written to {path}: {reason(error)}") from error
        return Path(path)
    try:
        replace(run.folder / NAME, made)
        return (run.folder / NAME).resolve()
    except OSError:
        beside = Path(tempfile.mkdtemp(prefix="d4p-report-")) / f"{run.id}.html"
        replace(beside, made)
        return beside
