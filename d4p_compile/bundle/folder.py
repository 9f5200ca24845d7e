"""The folder that a bundle is put into: what a compiler wrote there is replaced, nothing else is touched."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from d4p.commit.claim import take
from d4p.errors import Refused
from d4p.items.shape import fits, parsed
from d4p.outputs.store import Store
from d4p.outputs.writing import new_id

#: In each bundle: the files that the compiler wrote, this one among them.
FILES = "d4p-files.json"


@contextlib.contextmanager
def claimed(folder: Path, overwrite: bool) -> Iterator[Path]:
    """A new folder to make a bundle in, beside its place and hidden, as runs make their outputs; of several compilers
    at the same time one gets it. It goes at the end. Raises Refused."""
    folder = Path(os.path.abspath(folder))
    store, hidden = Store(str(folder)), f"{folder.parent}/.{folder.name}.d4p-unfinished"
    try:
        claim = take(store, hidden, new_id(), f"the bundle {folder}")
    except OSError as error:
        raise Refused(f"the bundle {folder} can't be made: {error.strerror or error}") from None
    try:
        check_place(folder, overwrite)  # another may have put one there meanwhile
        store.clear(hidden, keep=lambda name: name.startswith("claim-"))
        made = Path(hidden, "whole")
        made.mkdir()
        yield made
    finally:
        store.clear(hidden, keep=lambda name: name.startswith("claim-"))
        claim.release()


def check_place(folder: Path, overwrite: bool) -> None:
    """Raises Refused where no bundle may be put, whatever is in it."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise Refused(f"-o must be a folder; {folder} is a file or a link: give another with -o")
    if not overwrite:
        raise Refused(f"the folder {folder} exists: give another with -o, or --overwrite to replace it")
    has = sorted(path.name for path in folder.iterdir())
    if has and FILES not in has:
        raise Refused(f"--overwrite replaces a bundle, and {folder} is none: it has {', '.join(has[:3])} and no "
                      f"{FILES}; give another with -o")


def put(made: Path, folder: Path) -> None:
    """Put what was made into its place, which may be a bundle already: files of that which are no more go, files of the
    user's stay. Raises Refused, having changed nothing, where one of them is in the way."""
    new = set(_files(made)) | {FILES}
    _note(made, new)
    if not folder.exists():
        made.rename(folder)
        return
    old = _noted(folder) if any(folder.iterdir()) else set()
    there = set(_files(folder))
    if mine := sorted(name for name in there - old if _in_the_way(name, new)):
        raise Refused(f"{folder / mine[0]} is in the way of the new bundle, and no compiler wrote it: move it, or give "
                      "another folder with -o")
    _note(folder, old | new)  # first of all: a compiler that is killed knows its own the next time
    for name in (there & old) - new:
        (folder / name).unlink()
        _prune(folder, Path(name).parent)
    for name in sorted(new - {FILES}):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(made / name, folder / name)
    os.replace(made / FILES, folder / FILES)
    shutil.rmtree(made)


def _files(folder: Path) -> Iterator[str]:
    """All in a folder that isn't a folder. A link is a file, wherever it leads."""
    for path, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(path, name))]
        for name in (*files, *links):
            yield Path(path, name).relative_to(folder).as_posix()


def _in_the_way(name: str, new: set[str]) -> bool:
    """Whether a file is where one is to be put, or a folder for one, or lies in a folder where one is to be put."""
    return any(name == other or other.startswith(f"{name}/") or name.startswith(f"{other}/") for other in new)


def _noted(folder: Path) -> set[str]:
    """The files that a compiler wrote."""
    try:
        found = parsed((folder / FILES).read_bytes())
    except (OSError, ValueError):
        found = None
    if not fits(found, {"files": [str]}):
        raise Refused(f"{folder / FILES} doesn't say which files of {folder} a compiler wrote: give another folder "
                      "with -o")
    return set(found["files"])


def _note(folder: Path, names: set[str]) -> None:
    temporary = folder / f".{FILES}"
    temporary.write_text(json.dumps({"files": sorted(names)}, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, folder / FILES)


def _prune(folder: Path, parent: Path) -> None:
    """Remove folders that are empty now, up to the bundle itself."""
    with contextlib.suppress(OSError):
        while parent != Path("."):
            (folder / parent).rmdir()
            parent = parent.parent
