"""Copies of records that are elsewhere: on a cluster's HDFS, in a store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from d4p.errors import Refused
from d4p.filesystems import is_url, locate
from d4p.items.shape import parsed
from d4p.record import record as its

from .folder import Run, folder


def fetch(url: str) -> Iterator[str]:
    """Copy the records at a URL, or in another folder, that aren't here yet, or were of runs that were on: the ids of
    those that were copied. Raises Refused, OSError."""
    fs, there = locate(url if is_url(url) else os.path.abspath(url))
    here = folder()
    for name in sorted(_names(fs, there)):
        if name == its.PROGRAMS or name.startswith(".") or _is_over(here / name):
            continue
        if not fs.exists(f"{there}/{name}/{its.RUN}"):
            continue
        _copy(fs, f"{there}/{name}", here / name)
        with suppress(OSError, ValueError, KeyError, TypeError):
            digest = parsed((here / name / its.RUN).read_text(encoding="utf-8"))["program"]
            if str(digest).isalnum() and not (here / its.PROGRAMS / digest).exists():
                _copy(fs, f"{there}/{its.PROGRAMS}/{digest}", here / its.PROGRAMS / digest)
        yield name


def _is_over(path: Path) -> bool:
    with suppress(Refused):
        return Run(path).about.get("state") != its.RUNNING
    return False


def _names(fs: Any, place: str) -> list[str]:
    return [path.rstrip("/").rpartition("/")[2] for path in fs.ls(place, detail=False)]


def _copy(fs: Any, source: str, dest: Path) -> None:
    """A folder and what is in it, run.json last: before that it is no record."""
    dest.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in sorted(_names(fs, source), key=lambda name: (name == its.RUN, name)):
        if name.startswith("."):
            continue
        if fs.isdir(f"{source}/{name}"):
            _copy(fs, f"{source}/{name}", dest / name)
            continue
        with fs.open(f"{source}/{name}", "rb") as file:
            content = file.read()
        unfinished = dest / f".{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        os.replace(unfinished, dest / name)
