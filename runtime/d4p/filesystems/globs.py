"""Globs over any file system that can list a folder, with the rules of Python's `glob`."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Any

_MAGIC = re.compile(r"[*?[]")


def expand(fs: Any, pattern: str) -> dict[str, dict[str, Any]]:
    """`{path: info}` of what matches an absolute pattern. A folder is listed once, and only where a match can be.

    `*`, `?` and `[...]` stay inside a name and leave hidden ones (`.name`) out; `**` as a whole name stands for any
    number of folders.
    """
    parts = [part for part in pattern.split("/") if part]
    found: dict[str, dict[str, Any]] = {}
    for info in _below(fs, {"name": "/", "type": "directory", "size": 0}, parts):
        found.setdefault(info["name"], info)
    return found


def _below(fs: Any, folder: dict[str, Any], parts: list[str]) -> Iterator[dict[str, Any]]:
    plain = next((n for n, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    if plain:
        name = folder["name"].rstrip("/") + "".join(f"/{part}" for part in parts[:plain])
        try:
            folder, parts = fs.info(name), parts[plain:]
        except (FileNotFoundError, NotADirectoryError):
            return
    if not parts:
        yield folder
    elif folder["type"] == "directory":
        first, rest = parts[0], parts[1:]
        if first == "**":
            yield from _any_depth(fs, folder, rest)
            return
        for info in _listed(fs, folder["name"]):
            if fnmatch.fnmatchcase(_name(info), first) and (first.startswith(".") or not _hidden(info)):
                yield from _below(fs, info, rest) if rest else (info,)


def _any_depth(fs: Any, folder: dict[str, Any], rest: list[str]) -> Iterator[dict[str, Any]]:
    waiting = [folder]
    while waiting:
        folder = waiting.pop()
        if rest:
            yield from _below(fs, folder, rest)
        for info in _listed(fs, folder["name"]):
            if not _hidden(info):
                if not rest:
                    yield info
                if info["type"] == "directory":
                    waiting.append(info)


def _listed(fs: Any, folder: str) -> list[dict[str, Any]]:
    try:
        return fs.ls(folder, detail=True)
    except FileNotFoundError:
        return []  # removed since it was listed


def _name(info: dict[str, Any]) -> str:
    return info["name"].rpartition("/")[2]


def _hidden(info: dict[str, Any]) -> bool:
    return _name(info).startswith(".")
