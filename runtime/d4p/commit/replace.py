"""What --overwrite may replace: a folder that a run wrote, whole or not, or an empty one; and no input of the run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from d4p.filesystems import locate
from d4p.graph.core import is_reader
from d4p.outputs import written
from d4p.outputs.store import UNFINISHED, Store, address
from d4p.workflow.workflow import Workflow

_NAMED = 3  # of what is in a folder


def stranger(store: Store, place: str) -> str:
    """What is there that isn't a run's to replace, in words; "" where it is."""
    if not store.isdir(place):
        return "a file is there"
    names = store.sizes(place)
    if not names or UNFINISHED in names:
        return ""
    if written.success(store, place) is not None:
        return ""
    first = ", ".join(sorted(names)[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"a folder is there that no run of d4p wrote (it holds {first}{more})"


def what_it_would_take(store: Store, place: str, inputs: Iterable[tuple[str, str]]) -> str:
    """What else would go with what is there, in words that go on after "it"; else "".

    Args:
        inputs: (reader's id, address) of what the run reads.
    """
    mine = address(store.fs, place)
    here = os.path.realpath(os.getcwd())
    if within(f"file://{here}", mine):
        return "is the folder you are in or one above it"
    for reader, theirs in inputs:
        if mine == theirs:
            return f"is what {reader} reads"
        if within(theirs, mine):
            return f"holds {theirs}, which {reader} reads"
        if within(mine, theirs):
            return f"lies in {theirs}, which {reader} reads"
    return ""


def within(inner: str, outer: str) -> bool:
    """Whether an address is another one, or below it."""
    return f"{inner}/".startswith(f"{outer.rstrip('/')}/")


def input_addresses(workflow: Workflow) -> list[tuple[str, str]]:
    """(reader's id, address) of the paths of the readers, and of the files found by them. Raises Refused."""
    return [(pe.id, found) for pe in workflow.pes.values() if is_reader(pe) for found in _addresses(pe)]


def _addresses(reader: Any) -> list[str]:
    """A link is both where it is and where it leads."""
    found = [(fs, name) for fs, name in map(locate, getattr(reader, "paths", ())) if fs.exists(name)]  # no globs
    found += [(locate(file.source)[0], file.name) for file in (reader.files() if hasattr(reader, "files") else ())]
    return list(dict.fromkeys(address(fs, name, follow) for fs, name in found for follow in (True, False)))
