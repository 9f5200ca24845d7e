"""What is at a path: files of one kind, and what their run says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from d4p.errors import Refused
from d4p.filesystems import locate, missing
from d4p.outputs.store import SUCCESS, UNFINISHED, Store, loaded

#: How a file begins that isn't text.
_MAGIC = {b"ARROW1": "arrow", b"PAR1": "parquet", b"\x80": "pickle"}
_BROKEN = "NOT WHOLE"
KINDS = {"arrow": "Arrow", "parquet": "Parquet", "pickle": "pickle", "json": "JSON lines", "text": "text"}


@dataclass(frozen=True)
class Found:
    """Files of one kind in one folder.

    Attributes:
        name: what to call them.
        paths: as `locate` takes them, sorted; `names` the last part of each.
        kind: one of KINDS; "" where all are empty.
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
        counts = [self.items.get(name) for name in self.names]
        return None if None in counts else sum(counts)


def find(path: str) -> list[Found]:
    """What is at a path: of a folder of several results, or of outputs, one each. Raises Refused where there is
    nothing to look at."""
    fs, name = locate(path)
    try:
        if not fs.exists(name):
            raise Refused(f"{path} must be a file or folder that a run wrote; there is no such thing{missing(path)}")
        if not fs.isdir(name):
            return [_file(path, fs, name)]
        return _folder(path, fs, name)
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror or error}") from error


def _file(path: str, fs: Any, name: str) -> Found:
    folder, _, last = name.rpartition("/")
    success = loaded(Store(fs.unstrip_protocol(folder) if folder else "."), f"{folder or '.'}/{SUCCESS}") or {}
    said = success.get("parts", {}).get(last)
    size = fs.info(name)["size"]
    if said is None:
        return Found(path, (path,), (last,), _kind(fs, [name]), size, {}, "")
    state = "whole" if said["bytes"] == size else f"{_BROKEN}: must have {said['bytes']:,} bytes"
    return Found(path, (path,), (last,), _kind(fs, [name]), size, {last: said["items"]}, state)


def _folder(path: str, fs: Any, name: str) -> list[Found]:
    store = Store(path)
    success = loaded(store, f"{name.rstrip('/')}/{SUCCESS}")
    parts = (success or {}).get("parts", {})
    subs = sorted({part.rpartition("/")[0] for part in parts}) or [""]
    found = []
    for sub in subs:
        folder = f"{name.rstrip('/')}/{sub}".rstrip("/")
        infos = [info for info in fs.ls(folder, detail=True) if info["type"] == "file"]
        sizes = {info["name"].rstrip("/").rpartition("/")[2]: info["size"] for info in infos}
        names = sorted(last for last in sizes if not last.startswith(("_", ".")))
        if not names:
            return _outputs_in(path, fs, name)
        said = {part.rpartition("/")[2]: of for part, of in parts.items() if part.rpartition("/")[0] == sub}
        shown = f"{path.rstrip('/')}/{sub}".rstrip("/")
        paths = tuple(f"{shown}/{last}" for last in names)
        items = {last: part["items"] for last, part in said.items()}
        kind, size = _kind(fs, [f"{folder}/{last}" for last in names]), sum(sizes[last] for last in names)
        state = _state(success, said, sizes, store, folder)
        found.append(Found(shown, paths, tuple(names), kind, size, items, state))
    return found


def _outputs_in(path: str, fs: Any, name: str) -> list[Found]:
    """What is in the outputs that lie in a folder, as a workflow puts several beside one another."""
    folders = sorted(info["name"].rstrip("/") for info in fs.ls(name, detail=True) if info["type"] == "directory")
    outputs = [folder for folder in folders if fs.exists(f"{folder}/{SUCCESS}")]
    if not outputs:
        has = ", ".join(folder.rpartition("/")[2] for folder in folders) or "nothing"
        raise Refused(f"{path} must be a folder that a run wrote, or a file; there are no files directly in it, nor in "
                      f"it a folder with {SUCCESS}. It has {has}")
    return [found for folder in outputs
            for found in _folder(f"{path.rstrip('/')}/{folder.rpartition('/')[2]}", fs, folder)]


def _state(success: Any, said: dict[str, Any], sizes: dict[str, int], store: Store, folder: str) -> str:
    if success is None:
        if store.exists(f"{folder}/{UNFINISHED}"):
            return f"{_BROKEN}: being put in its place, or its run was killed"
        return f"no {SUCCESS} beside them"
    for name, part in sorted(said.items()):
        if sizes.get(name) != part["bytes"]:
            return f"{_BROKEN}: {name} " + (f"must have {part['bytes']:,} bytes" if name in sizes else "is missing")
    return "whole"


def _kind(fs: Any, names: list[str]) -> str:
    """By how the first file begins that has a byte."""
    for name in names:
        with fs.open(name, "rb") as file:
            head = file.read(64)
        if head:
            found = [kind for magic, kind in _MAGIC.items() if head.startswith(magic)]
            return found[0] if found else "json" if head[:1] in b'{["-0123456789tfn' else "text"
    return ""
