"""`d4p replay`: the items that a run set aside go once more through the same plan, from the PE on that failed."""

from __future__ import annotations

import base64
import grp
import hashlib
import os
import pwd
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import IO, Any

from d4p.commit.carry_out import changes
from d4p.errors import Refused
from d4p.filesystems import is_url
from d4p.graph.core import is_reader
from d4p.graph.flatten import Flat, flatten
from d4p.graph.labels import fingerprint, labels
from d4p.graph.workflow_graph import WorkflowGraph
from d4p.items.itemjson import loads_json
from d4p.items.shape import fits
from d4p.library.letters import Letters, Reads, Splits
from d4p.outputs import written
from d4p.outputs.store import Store
from d4p.stage.reading import RECORD

from ..ir.graph import Origin
from .load import Loaded, live

_LETTER = {"workflow": str, "fingerprint": str, "pe": str, "port": (str, None), "pickle": (str, None),
           "sha256": (str, None), "instance": int, "number": int}  # fmt: skip


@dataclass(frozen=True)
class Letter:
    """An item that was set aside: of which PE, instance and port (None: what a root gets), the item as it is in the
    file, and its pickle."""

    pe: str
    instance: int
    port: str | None
    item: Any
    pickle: bytes


def replayed(folder: str, loaded: Loaded) -> tuple[Loaded, dict[str, list[Any]]]:
    """The graph that takes the items of a dead-letter folder, with the items of its roots by id.

    It has the PEs that failed and those that they lead to; what comes before them is not run again. Nothing is
    unpickled here.

    Raises:
        Refused: the folder isn't one, isn't whole, isn't this user's own, or is another workflow's.
    """
    flat = flatten(loaded.graph)
    mine = fingerprint(flat)
    letters = list(_letters(folder, mine, loaded))
    if not letters:
        raise Refused(f"there is nothing to replay in {folder}: no item was set aside")
    for pe, name in zip(flat.pes, labels(flat).values(), strict=True):  # what fails again can be replayed again
        pe._d4p_letters_of = {"workflow": _called(loaded), "fingerprint": mine, "pe": name}
    return _from_there_on(flat, letters, folder, loaded)


def _called(loaded: Loaded) -> str:
    return f"{loaded.origin.module}:{loaded.origin.attribute}"


def _from_there_on(flat: Flat, letters: list[Letter], folder: str, of: Loaded
                   ) -> tuple[Loaded, dict[str, list[Any]]]:
    names = labels(flat)
    by_name = {names[pe.id]: pe for pe in flat.pes}
    if unknown := {letter.pe for letter in letters} - by_name.keys():
        raise Refused(f"{folder} has items of {', '.join(sorted(unknown))}, and the workflow has no such PE; it has: "
                      f"{', '.join(by_name)}")
    reached = {id(by_name[letter.pe]) for letter in letters}
    before = -1
    while len(reached) > before:
        before = len(reached)
        reached |= {id(edge.dest) for edge in flat.edges if id(edge.source) in reached}
    graph = WorkflowGraph()
    for pe, says in zip(flat.pes, flat.on_error, strict=True):
        if id(pe) in reached:
            pe.on_error = says
            graph.add(pe)
    for edge in flat.edges:
        if id(edge.source) in reached:
            graph.connect(edge.source, edge.output, edge.dest, edge.input)
    ports: dict[tuple[str, str], dict[int, list[bytes]]] = {}
    roots: dict[str, list[Any]] = {}
    unread: dict[str, tuple[list[bytes], list[bytes]]] = {}
    for letter in letters:
        if is_reader(by_name[letter.pe]):
            unread.setdefault(letter.pe, ([], []))[letter.port == RECORD].append(letter.pickle)
        elif letter.port is None:
            roots.setdefault(letter.pe, []).append(letter.item)
        else:
            ports.setdefault((letter.pe, letter.port), {}).setdefault(letter.instance, []).append(letter.pickle)
    for (name, port), pickles in ports.items():
        inputs = by_name[name].inputconnections
        if port not in inputs:
            raise Refused(f"{folder} has items of {name}'s port {port!r}, and it has: {', '.join(inputs) or 'none'}")
        to_all = inputs[port].get("grouping") == "all"
        source = Letters(_for_all(pickles.values()) if to_all else chain(*pickles.values()))
        source.name = f"{name}.{port} again"
        graph.connect(source, source.OUTPUT_NAME, by_name[name], port)
    for name, (splits, records) in unread.items():
        pe = by_name[name]
        pe.read, pe.plan_splits = Reads(pe), Splits(splits, records)
    name = of.origin.module.rpartition(".")[2]
    made = replace(live(graph), origin=Origin(f"{name} again" if name else "", live=True))
    flatten(graph)
    return made, {by_name[name].id: items for name, items in roots.items()}


def _letters(folder: str, mine: str, loaded: Loaded) -> Iterator[Letter]:
    for line, where in _lines(folder):
        try:
            found = loads_json(line)
        except ValueError:
            found = None
        if not fits(found, _LETTER):
            raise Refused(f"{where} isn't what a run writes of an item that is set aside")
        if found["fingerprint"] != mine:
            raise Refused(f"the items in {folder} were set aside by {found['workflow']} ({found['fingerprint']}), and "
                          f"{_called(loaded)} is another workflow ({mine}): replay them with the one that they are of")
        if found["pickle"] is None:
            raise Refused(f"{where} has an item that could not be pickled, and can't be replayed: take its line out")
        try:
            blob = base64.b64decode(found["pickle"], validate=True)
        except ValueError:
            blob = b""
        if hashlib.sha256(blob).hexdigest() != found["sha256"]:
            raise Refused(f"{where} was changed since it was written: the digest of its pickle is another. It isn't "
                          "unpickled, since that would run whatever is in it")
        yield Letter(found["pe"], found["instance"], found["port"], found["item"], blob)


def _for_all(of_instances: Iterable[list[bytes]]) -> Iterable[bytes]:
    """What all instances get again of what each of them failed at: an item that failed in several, once."""
    found: Counter[bytes] = Counter()
    for pickles in of_instances:
        found |= Counter(pickles)
    return found.elements()


def _lines(folder: str) -> Iterator[tuple[str, str]]:
    """The lines of a folder's parts, each with where it is. Raises Refused where they aren't this user's own."""
    if is_url(folder) and not folder.startswith("file://"):
        raise Refused(f"{folder} isn't on this machine, and whose it is can't be told here: copy it into a folder of "
                      "your own first (its items are unpickled)")
    store = Store(folder)
    place = store.path
    _check_own(place, os.stat, stat.S_ISDIR)
    success = written.success(store, place)
    if success is None:
        raise Refused(f"{folder} has no _SUCCESS of a run: it must be a folder in which a run set items aside")
    if changed := changes(store, place, success["parts"]):
        raise Refused(f"{folder} isn't as its run left it: {changed}")
    for name in sorted(success["parts"]):
        path = Path(place) / name
        _check_own(str(path.parent), os.lstat, stat.S_ISDIR)
        with _opened(path) as lines:
            _check_own(str(path), lambda _, lines=lines: os.fstat(lines.fileno()), stat.S_ISREG)
            yield from ((line, f"{path}, line {number}") for number, line in enumerate(lines, 1))


def _opened(path: Path) -> IO[str]:
    try:
        return open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path} must be a file that a run wrote, and can't be read: {error.strerror}") from None


def _check_own(path: str, look: Any, is_kind: Any) -> None:
    """Raises Refused where others than this user can have put something at a path."""
    try:
        found = look(path)
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror}") from None
    if not is_kind(found.st_mode):
        raise Refused(f"{path} must be a {'folder' if is_kind is stat.S_ISDIR else 'file'} that a run wrote")
    if found.st_uid != os.geteuid() or _others_write(found):
        raise Refused(f"{path} must be your own, and written by nobody else, since what is in it is unpickled, which "
                      "runs whatever whoever wrote it put there")


def _others_write(found: os.stat_result) -> bool:
    """Whether others than the owner may write. A group of this user alone is nobody else: under a umask of 002 it may
    write to all that the user makes."""
    mode = found.st_mode
    return bool(mode & stat.S_IWOTH) or bool(mode & stat.S_IWGRP) and not _is_mine_alone(found.st_gid)


def _is_mine_alone(group: int) -> bool:
    try:
        me, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return (found.gr_gid, found.gr_name) == (me.pw_gid, me.pw_name) and {me.pw_name}.issuperset(found.gr_mem)
