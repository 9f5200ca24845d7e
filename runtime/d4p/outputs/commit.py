"""Putting a decided output in its place, from wherever an earlier run was killed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from d4p.outputs.part import Part
from d4p.outputs.store import Store, dumped, join, loaded

if TYPE_CHECKING:
    from d4p.outputs.folder import Folder

#: The file that says that an output is whole; it holds what it was made of, and its parts.
SUCCESS = "_SUCCESS"


def carry_out(decided: dict[str, Any], folder: Folder) -> None:
    """Do what is written in commit.json; each step looks whether it was done before. Raises OSError."""
    success = loaded(folder.store, f"{folder.place}/{SUCCESS}")
    if success is not None and success.get("run") == decided["run"]:
        return  # all but tidying up
    _put_together(folder.store, decided, folder.attempts, folder.whole)
    _put_in_place(folder.store, decided["replace"], folder)


def _put_together(store: Store, decided: dict[str, Any], attempts: str, whole: str) -> None:
    """Move the parts that count into a folder, by their final names."""
    store.makedirs(whole)
    committed = {}
    for sub, names in decided["parts"].items():
        store.makedirs(join(whole, sub))
        moved = store.sizes(join(whole, sub))
        for part in map(Part.of, names):
            if part.final not in moved:
                store.rename(f"{join(attempts, sub)}/{part.name}", f"{join(whole, sub)}/{part.final}")
            committed[join(sub, part.final)] = {"items": part.count, "bytes": part.size}
        store.sync_folder(join(whole, sub))
    if not store.exists(f"{whole}/{SUCCESS}"):
        success = {"run": decided["run"], "identity": decided["identity"], "parts": committed}
        store.put(f"{whole}/{SUCCESS}", dumped(success), decided["run"])
    store.sync_folder(whole)


def _put_in_place(store: Store, replace: bool, folder: Folder) -> None:
    if store.exists(folder.place):
        if not replace:
            raise FileExistsError(None, "something was put there while the run was at work")
        store.remove(folder.replaced)
        store.rename(folder.place, folder.replaced)
    try:
        store.rename(folder.whole, folder.place)
    except OSError:
        if store.exists(folder.replaced) and not store.exists(folder.place):
            store.rename(folder.replaced, folder.place)
        raise
    store.sync_folder(folder.parent)
