"""What is at a path: files of one kind, and what their run says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from d4p.errors import Refused
from d4p.filesystems import locate, missing
from d4p.items.shape import parsed
from d4p.outputs import written
from d4p.outputs.store import SUCCESS, UNFINISHED, Store

#: How a file begins that isn't text. What has no records to show is told by name.
_MAGIC = {b"ARROW1": "arrow", b"PAR1": "parquet", b"\x80": "pickle", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG",
          b"GIF8": "GIF", b"%PDF": "PDF", b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\x89HDF": "HDF5",
          b"\x93NUMPY": "NumPy"}  # fmt: skip
#: Bytes that no text has.
_NO_TEXT = re.compile(rb"[\0-\x06\x0e-\x1a\x1c-\x1f]")
_HEAD = 1 << 16
_BROKEN = "NOT WHOLE"
KINDS = {"arrow": "Arrow", "parquet": "Parquet", "pickle": "pickle", "json": "JSON lines", "text": "text"}


@dataclass(frozen=True)
class FileSet:
    """Files of one kind in one folder.

    Attributes:
        name: what to call them.
        paths: as `locate` takes them, sorted; `names` the last part of each.
        kind: one of KINDS; "" where all are empty; another where they have no records.
        bytes: of all of them.
        items: by name, as the run says that wrote them.
        state: "whole", or why that isn't sure.
    """

    name: str
    paths: tuple[str, ...]
    names: tuple[str, ...]
    kind: str
    bytes: int
    items: dict[str, int]
    state: str

    @property
    def broken(self) -> bool:
        """Whether it is not as its run wrote it."""
        return self.state.startswith(_BROKEN)

    @property
    def count(self) -> int | None:
        """The records in all of them, if their run says so."""
        known = [self.items[name] for name in self.names if name in self.items]
        return sum(known) if len(known) == len(self.names) else None


def find(path: str) -> list[FileSet]:
    """What is at a path: of a folder of several results, or of outputs, one each. Raises Refused where there is
    nothing to look at."""
    fs, name = locate(path)
    try:
        if not fs.exists(name):
            raise Refused(f"{path} must be a file or folder that a run wrote; there is no such thing{missing(path)}")
        if fs.isdir(name):
            return _folder(path, fs, name)
        info = fs.info(name)
        if info["type"] != "file":
            raise Refused(f"{path} must be a file or folder that a run wrote; it is a pipe, a device or a socket")
        return [_file(path, fs, name, info["size"])]
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror or error}") from error


def _file(path: str, fs: Any, name: str, size: int) -> FileSet:
    store = Store(path)
    folder, _, last = store.path.rpartition("/")
    said = (_parts(store, folder) or {}).get(last)
    kind = _kind(fs, [name])
    if said is None:
        return FileSet(path, (path,), (last,), kind, size, {}, "")
    state = "whole" if said["bytes"] == size else f"{_BROKEN}: must have {said['bytes']:,} bytes"
    return FileSet(path, (path,), (last,), kind, size, {last: said["items"]}, state)


def _folder(path: str, fs: Any, name: str) -> list[FileSet]:
    store = Store(path)
    success = written.success(store, store.path)
    subs = sorted({part.rpartition("/")[0] for part in (success or {}).get("parts", {})}) or [""]
    found = []
    for sub in subs:
        folder = f"{name.rstrip('/')}/{sub}".rstrip("/")
        infos = [info for info in fs.ls(folder, detail=True) if info["type"] == "file"]
        sizes = {info["name"].rstrip("/").rpartition("/")[2]: info["size"] for info in infos}
        names = sorted(last for last in sizes if not last.startswith(("_", ".")))
        if not names:
            return _outputs_in(path, fs, name)
        shown = f"{path.rstrip('/')}/{sub}".rstrip("/")
        paths = tuple(f"{shown}/{last}" for last in names)
        said = _parts(store, f"{store.path.rstrip('/')}/{sub}".rstrip("/"))
        items = {last: part["items"] for last, part in (said or {}).items()}
        kind, size = _kind(fs, [f"{folder}/{last}" for last in names]), sum(sizes[last] for last in names)
        found.append(FileSet(shown, paths, tuple(names), kind, size, items, _state(said, sizes, store, folder)))
    return found


def _parts(store: Store, folder: str) -> dict[str, Any] | None:
    """What a run says of the files of a folder, an output or one of the folders of an output; None where none does."""
    parent, _, last = folder.rpartition("/")
    for place, prefix in ((folder, ""), (parent, f"{last}/")):
        if success := written.success(store, place):
            parts = {name.removeprefix(prefix): part for name, part in success["parts"].items()
                     if name.startswith(prefix)}  # fmt: skip
            found = {name: part for name, part in parts.items() if "/" not in name}
            if found or not prefix:
                return found
    return None


def _outputs_in(path: str, fs: Any, name: str) -> list[FileSet]:
    """What is in the outputs that lie in a folder, as a workflow puts several beside one another."""
    folders = sorted(info["name"].rstrip("/") for info in fs.ls(name, detail=True) if info["type"] == "directory")
    outputs = [folder for folder in folders if fs.exists(f"{folder}/{SUCCESS}")]
    if not outputs:
        has = ", ".join(folder.rpartition("/")[2] for folder in folders) or "nothing"
        raise Refused(f"{path} must be a folder that a run wrote, or a file; there are no files directly in it, nor in "
                      f"it a folder with {SUCCESS}. It has {has}")
    return [found for folder in outputs
            for found in _folder(f"{path.rstrip('/')}/{folder.rpartition('/')[2]}", fs, folder)]


def _state(said: dict[str, Any] | None, sizes: dict[str, int], store: Store, folder: str) -> str:
    if said is None:
        if store.exists(f"{folder}/{UNFINISHED}"):
            return f"{_BROKEN}: being put in its place, or its run was killed"
        there = store.exists(f"{folder}/{SUCCESS}")
        return f"its {SUCCESS} is no run's of d4p" if there else f"no {SUCCESS} beside them"
    for name, part in sorted(said.items()):
        if sizes.get(name) != part["bytes"]:
            return f"{_BROKEN}: {name} " + (f"must have {part['bytes']:,} bytes" if name in sizes else "is missing")
    return "whole"


def _kind(fs: Any, names: list[str]) -> str:
    """By how the first file begins that has a byte."""
    for name in names:
        with fs.open(name, "rb") as file:
            head = file.read(_HEAD)
        if head:
            found = [kind for magic, kind in _MAGIC.items() if head.startswith(magic)]
            return found[0] if found else "binary" if _NO_TEXT.search(head) else _kind_of_text(name, head)
    return ""


def _kind_of_text(name: str, head: bytes) -> str:
    if name.endswith((".jsonl", ".json")):
        return "json"
    line, _, rest = head.partition(b"\n")
    if head[:1] not in b'{["-0123456789tfn' or not (rest or len(head) < _HEAD):
        return "json" if head[:1] in b'{["' else "text"
    try:
        parsed(line)
    except ValueError:
        return "json" if head[:1] in b"{[" else "text"  # a damaged one
    return "json"
