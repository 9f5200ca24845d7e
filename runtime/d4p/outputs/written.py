"""What the files say that runs leave with their outputs: the shape of each, by which it is known when it is read.

Such a file may lie where others write, or be another program's of the same name. No name in it leads out of the folder
that it lies in.
"""

from __future__ import annotations

import re
from typing import Any

from d4p.items.shape import Shape, count, fits, parsed
from d4p.outputs.part import Part
from d4p.outputs.store import SUCCESS, Store

_ID = re.compile(r"[0-9a-z]{1,64}")


def _id(text: str) -> bool:
    return bool(_ID.fullmatch(text))


def _name(text: str) -> bool:
    """Whether it is the name of a file that isn't hidden, and no path."""
    return bool(text) and not text.startswith(".") and "/" not in text and "\0" not in text


def _sub(text: str) -> bool:
    return text == "" or _name(text)


def _part(text: str) -> bool:
    """Whether it is a part's name, in the output itself or in a folder of it."""
    return text.count("/") <= 1 and all(map(_name, text.split("/")))


def _complete(name: str) -> bool:
    return Part.of(name) is not None


def _identity(value: Any) -> bool:
    return isinstance(value, dict) and fits(value.get("files", {}), dict) and (
        fits(value.get("parameters", {}), {_any: str}))  # fmt: skip


def _any(text: str) -> bool:
    return True


def _note(value: Any) -> bool:
    """Whether it is a note of what was read: kind, URL and what was found there."""
    kind, url, _ = value
    return kind in ("file", "names", "there") and (url.startswith("program:") or "://" in url)


def _noted(value: Any) -> bool:
    """Whether what stands beside the rest are notes and the number of items left out, if there are any."""
    return fits(value.get("reads", []), [_note]) and fits(value.get("missing", 0), count)


_READS = {"notes": [_note]}
_SUCCESS = {"run": _id, "identity": _identity, "parts": {_part: {"items": count, "bytes": count}}}
_BEGUN = {"identity": _identity, "replace": bool}
_DECIDED = {"run": _id, "identity": _identity, "replace": bool, "parts": {_sub: [_complete]}}
_CLAIM = {"run": str, "host": str, "pid": lambda pid: type(pid) is int and 0 < pid < 1 << 31, "started": (str, None),
          "at": lambda seconds: 0 <= seconds < 1e12, "container": (str, None)}  # fmt: skip


def success(store: Store, place: str) -> dict[str, Any] | None:
    """What an output says of itself; None where it says nothing, or is another program's."""
    return _loaded(store, f"{place.rstrip('/')}/{SUCCESS}", _SUCCESS)


def begun(store: Store, unfinished: str) -> dict[str, Any] | None:
    """What is being made in an unfinished folder."""
    return _loaded(store, f"{unfinished}/run.json", _BEGUN)


def decided(store: Store, unfinished: str) -> dict[str, Any] | None:
    """Which parts are to be the output."""
    return _loaded(store, f"{unfinished}/commit.json", _DECIDED)


def reads(store: Store, path: str) -> list[list[Any]]:
    """What a process noted of what it read; nothing where it was killed while it wrote that."""
    return (_loaded(store, path, _READS) or {"notes": []})["notes"]


def claim(store: Store, path: str) -> dict[str, Any] | None:
    """Whose an unfinished folder is."""
    return _loaded(store, path, _CLAIM)


def _loaded(store: Store, path: str, shape: Shape) -> dict[str, Any] | None:
    """The value in a file; None where there is none, or another than has the shape."""
    content = store.read(path)
    try:
        found = None if content is None else parsed(content)
    except ValueError:
        return None
    return found if fits(found, shape) and _noted(found) else None
