"""Globs over any file system that can list a folder, the same on all of them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Any

_MAGIC = re.compile(r"[*?[]")


def expand(fs: Any, pattern: str) -> dict[str, dict[str, Any]]:
    """`{path: info}` of what matches a pattern. A folder is listed once, and only where a match can be.

    `*`, `?` and `[...]` stay inside a name, and match a hidden one (`.name`, `_name`) only where their part of the
    pattern begins with that very character; `**` as a whole name stands for any number of folders that aren't hidden,
    but for links to folders that they lie in, below which all would be found again.
    """
    parts = [part for part in pattern.split("/") if part]
    root = "/" if pattern.startswith("/") else ""
    found: dict[str, dict[str, Any]] = {}
    for info in _below(fs, {"name": root, "type": "directory", "size": 0}, parts):
        found.setdefault(info["name"], info)
    return found


def is_hidden(name: str) -> bool:
    """Whether Hadoop, and so a folder or a glob, leaves a name out: `_SUCCESS`, `.part.crc`."""
    return name.startswith(("_", "."))


def seen(pattern: str, name: str) -> bool:
    """Whether a pattern may give a name that matches it: hidden parts only by parts of the pattern that begin so."""
    wanted = pattern.split("/")
    hidden = [part for part in name.split("/") if is_hidden(part) and part not in wanted]
    return all(any(part[0] == its[:1] and fnmatch.fnmatchcase(part, its) for its in wanted) for part in hidden)


def _below(fs: Any, folder: dict[str, Any], parts: list[str]) -> Iterator[dict[str, Any]]:
    plain = next((n for n, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    if plain:
        name = "/".join([*([folder["name"].rstrip("/")] if folder["name"] else []), *parts[:plain]])
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
            name = _name(info)
            if fnmatch.fnmatchcase(name, first) and (not is_hidden(name) or first[0] == name[0]):
                yield from _below(fs, info, rest) if rest else (info,)


def _any_depth(fs: Any, folder: dict[str, Any], rest: list[str]) -> Iterator[dict[str, Any]]:
    first = fs.info(folder["name"] or ".") if folder["name"] in ("", "/") else folder  # which nobody has looked at
    waiting = [(folder, frozenset([first.get("id")]))]
    while waiting:
        folder, above = waiting.pop()
        if rest:
            yield from _below(fs, folder, rest)
        for info in _listed(fs, folder["name"]):
            which = info.get("id")  # of a folder, where links can lead to one
            if not is_hidden(_name(info)) and (which is None or which not in above):
                if not rest:
                    yield info
                if info["type"] == "directory":
                    waiting.append((info, above | {which}))


def _listed(fs: Any, folder: str) -> list[dict[str, Any]]:
    try:
        return fs.ls(folder, detail=True)
    except FileNotFoundError:
        return []  # removed since it was listed


def _name(info: dict[str, Any]) -> str:
    return info["name"].rpartition("/")[2]
