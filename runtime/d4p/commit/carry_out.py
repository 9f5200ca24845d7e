"""Putting a decided output in its place, from wherever an earlier run was killed.

Where renaming is atomic, the parts are moved together and the folder is renamed. Where it isn't, as in an object store,
they are copied, and these say how far that is:

    out/_UNFINISHED     first, empty: nothing there is an output any more. Then, with the run's id: what an earlier run
                        wrote is gone, and only this run's parts come here
    out/part-00000      copies; the parts themselves stay where they are until the output is whole
    out/_SUCCESS        last, once every part is there in full; then _UNFINISHED goes
"""

from __future__ import annotations

import errno
from typing import Any, Protocol

from d4p.commit.replace import stranger
from d4p.filesystems.together import together
from d4p.outputs import written
from d4p.outputs.part import Part
from d4p.outputs.store import SUCCESS, UNFINISHED, Store, dumped, join


class Output(Protocol):
    """The output, as `d4p.commit.folder.Folder`: paths of its store."""

    store: Store
    place: str
    parent: str
    unfinished: str
    replaced: str
    attempts: str
    whole: str


def carry_out(decided: dict[str, Any], folder: Output) -> None:
    """Do what is written in commit.json; each step looks whether it was done before. Raises OSError."""
    store, place = folder.store, folder.place
    success = written.success(store, place)
    if success is not None and success["run"] != decided["run"]:
        success = None  # of what is to be replaced
    if not store.atomic:
        _copy_in_place(store, decided, folder, success is not None)
    elif success is None:
        _put_together(store, decided, folder.attempts, folder.whole)
        _put_in_place(store, decided["replace"], folder)
    elif changed := changes(store, place, success["parts"]):
        raise OSError(errno.EIO, f"it was put there, and is changed since: {changed}. --overwrite starts afresh")


def changes(store: Store, place: str, parts: dict[str, dict[str, int]]) -> str:
    """What is no longer as it was committed: the first part that isn't, in words; "" where all are."""
    sizes = {join(sub, name): size for sub in {name.rpartition("/")[0] for name in parts}
             for name, size in store.sizes(join(place, sub)).items()}
    changed = [name for name, part in sorted(parts.items()) if sizes.get(name) != part["bytes"]]
    return f"{changed[0]} {'has another size' if changed[0] in sizes else 'is missing'}" if changed else ""


def _success(decided: dict[str, Any]) -> dict[str, Any]:
    """What _SUCCESS says."""
    parts = {join(sub, part.final): {"items": part.count, "bytes": part.size}
             for sub, names in decided["parts"].items() for part in map(Part.named, names)}
    noted = {name: decided[name] for name in ("reads", "watched", "missing") if decided.get(name)}
    return {"run": decided["run"], "identity": decided["identity"], "parts": parts, **noted}


def _put_together(store: Store, decided: dict[str, Any], attempts: str, whole: str) -> None:
    """Move the parts that count into a folder, by their final names."""
    store.makedirs(whole)

    def move(sub: str) -> None:
        store.makedirs(join(whole, sub))
        moved = store.sizes(join(whole, sub))
        for part in map(Part.named, decided["parts"][sub]):
            if part.final not in moved:
                store.rename(f"{join(attempts, sub)}/{part.name}", f"{join(whole, sub)}/{part.final}")
        store.sync_folder(join(whole, sub))

    if store.local:
        together(move, decided["parts"])
    else:
        for sub in decided["parts"]:
            move(sub)
    if not store.exists(f"{whole}/{SUCCESS}"):
        store.put(f"{whole}/{SUCCESS}", dumped(_success(decided)), decided["run"])
    store.sync_folder(whole)


def _put_in_place(store: Store, replace: bool, folder: Output) -> None:
    if store.exists(folder.place):
        _check_may_go(store, replace, folder.place)
        store.remove(folder.replaced)
        store.rename(folder.place, folder.replaced)
    try:
        store.rename(folder.whole, folder.place)
    except OSError:
        if store.exists(folder.replaced) and not store.exists(folder.place):
            store.rename(folder.replaced, folder.place)
        raise
    store.sync_folder(folder.parent)


def _copy_in_place(store: Store, decided: dict[str, Any], folder: Output, whole: bool) -> None:
    place, success = folder.place, _success(decided)
    marker, run = f"{place}/{UNFINISHED}", decided["run"].encode()
    if not whole and store.read(marker) != run:
        if store.exists(place) and not store.exists(marker):
            _check_may_go(store, decided["replace"], place)
        store.makedirs(place)
        store.write(marker, b"")
        for name in sorted(store.sizes(place), key=lambda name: name != SUCCESS):  # it first
            if name != UNFINISHED:
                store.remove(f"{place}/{name}")
        store.write(marker, run)
    for sub, names in decided["parts"].items():
        store.makedirs(join(place, sub))
        there = store.sizes(join(place, sub))
        for part in map(Part.named, names):
            if there.get(part.final) != part.size:
                store.copy(f"{join(folder.attempts, sub)}/{part.name}", f"{join(place, sub)}/{part.final}")
    if changed := changes(store, place, success["parts"]):
        raise OSError(errno.EIO, f"copying its parts went wrong: {changed}. --resume copies them again")
    if not whole:
        store.write(f"{place}/{SUCCESS}", dumped(success))
    store.remove(marker)


def _check_may_go(store: Store, replace: bool, place: str) -> None:
    """Raises FileExistsError where what is there isn't what the run found there, or was allowed to replace."""
    if not replace or stranger(store, place):
        raise FileExistsError(None, "something was put there while the run was at work")
