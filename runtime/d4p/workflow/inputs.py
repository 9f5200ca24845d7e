"""What the roots of a workflow get: `-i N`, `-d JSON`, `-f FILE`, as in dispel4py."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from d4p.describe.tracebacks import error_text, traceback_without
from d4p.errors import D4pError, Refused, RunFailed
from d4p.filesystems import is_url, locate
from d4p.frozen import dataclass
from d4p.graph.base import ConsumerPE, IterativePE
from d4p.graph.core import is_reader
from d4p.items.shape import parsed
from d4p.workflow.workflow import Workflow


@dataclass(frozen=True)
class Inputs:
    """The items of each root: `{root name: number of empty items, or list of items}`.

    `splits` are those of the readers that were `planned`, `notes` what is to be said of what was given.
    """

    given: dict[str, int | list[dict]]
    limit: int | None = None
    splits: Mapping[str, list[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def items(self, root: str) -> Iterator[dict]:
        """The items of one root, made anew at each call: what one root does to them no other sees."""
        given = self.given[root]
        return map(copy.deepcopy, given) if isinstance(given, list) else ({} for _ in range(given))

    def count(self, root: str) -> int:
        """How many items `items` gives."""
        given = self.given[root]
        return len(given) if isinstance(given, list) else given

    def planned(self, workflow: Workflow, names: Iterable[str] | None = None) -> Inputs:
        """These inputs with the splits of all readers, or of those named.

        They are planned here, once for a run: where each instance would look for itself, a file that came meanwhile
        would move the cuts, and items would be lost or read twice.
        """
        roots = workflow.roots() if names is None else [name for name in workflow.roots() if name in set(names)]
        splits = {name: _splits(name, workflow.pes[name]) for name in roots if is_reader(workflow.pes[name])}
        return replace(self, splits=splits)


def read_inputs(workflow: Workflow, iterations: int | None, data: str | None, file: str | None,
                limit: int | None = None) -> Inputs:
    """Find the items of all roots. Raises Refused for malformed JSON and for inputs that fit no root."""
    if sum(x is not None for x in (iterations, data, file)) > 1:
        raise Refused("give one of -i, -d and -f, not several")
    if iterations is not None and iterations < 0:
        raise Refused(f"-i must be 0 or more, not {iterations}")
    if limit is not None and limit < 0:
        raise Refused(f"--limit must be 0 or more, not {limit}")
    roots = [name for name in workflow.roots() if not is_reader(workflow.pes[name])]
    notes: list[str] = []
    given: dict[str, Any] = {name: iterations if iterations is not None else 1 for name in roots}
    if data is not None:
        given = _assign(workflow, roots, _parse(data, "-d"), notes)
    elif file is not None:
        given = _assign(workflow, roots, _parse(_read(file), f"-f {file}"), notes)
    for name in roots:
        _check(workflow.pes[name], name, given[name])
    return Inputs(given, limit, notes=tuple(notes))


def _splits(name: str, reader: Any) -> list[Any]:
    try:
        return list(reader.plan_splits())
    except D4pError:
        raise
    except Exception as error:
        raise RunFailed(f"{name} ({type(reader).__name__}) can't plan its splits: {error_text(error)}\n"
                        f"{traceback_without(error)}") from error


def _read(file: str) -> str:
    """The text of a file on this machine or behind a URL."""
    fs, name = locate(file if is_url(file) else Path(file))
    try:
        with fs.open(name, "rb") as opened:
            return opened.read().decode("utf-8")
    except OSError as error:
        raise Refused(f"-f {file}: {error.strerror or error}: give the path of a JSON file") from None
    except UnicodeDecodeError as error:
        raise Refused(f"-f {file} must be JSON in UTF-8; byte {error.start + 1} isn't") from None


def _parse(text: str, option: str) -> dict[str, Any]:
    try:
        found = parsed(text)
    except json.JSONDecodeError as error:
        lines = text.splitlines() or [""]
        line = lines[min(error.lineno, len(lines)) - 1]
        raise Refused(
            f"{option} isn't JSON: line {error.lineno}, column {error.colno}: {error.msg}\n"
            f"  {line}\n  {' ' * (error.colno - 1)}^"
        ) from None
    except ValueError as error:
        raise Refused(f"{option} can't be read: {error}") from None
    if not isinstance(found, dict):
        raise Refused(
            f'{option} must be a JSON object such as {{"read": [{{"input": "a.txt"}}]}} that maps a root\'s id, name '
            f"or class to a list of items or a number of iterations; it is a {type(found).__name__}"
        )
    return found


def _assign(workflow: Workflow, roots: list[str], parsed: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """Match each key by id, then name, then class; all PEs that match get the items. Of the roots that aren't named
    those without a port for input run once, and the others, as in dispel4py, not at all. Where no key is that of a PE
    it is refused; else such a key, of a file that other programs read too, is noted and left out."""
    given: dict[str, Any] = {name: 0 if workflow.pes[name].inputconnections else 1 for name in roots}
    matching = {key: _matching(workflow, key) for key in parsed}
    unknown = [key for key, names in matching.items() if not names]
    if unknown:
        of = ", ".join(map(repr, unknown))
        known = ", ".join(f"{workflow.pes[r].id} ({type(workflow.pes[r]).__name__})" for r in roots) or "none"
        said = f"there is an input for {of}, but no PE has that id, name or class; the roots: {known}"
        if len(unknown) == len(parsed):
            raise Refused(said)
        notes.append(f"{said}. It is left out")
    for key, names in matching.items():
        for name in names:
            if name not in roots:
                if is_reader(workflow.pes[name]):
                    raise Refused(f"there is an input for {key}, but it reads its own input and takes no items")
                raise Refused(f"there is an input for {key}, but {name} isn't a root: its inputs are connected. "
                              f"The roots: {', '.join(roots)}")
            given[name] = _items(key, parsed[key])
    return given


def _matching(workflow: Workflow, key: str) -> list[str]:
    pes = workflow.pes
    for same in (lambda pe: pe.id == key, lambda pe: str(pe.name) == key, lambda pe: type(pe).__name__ == key):
        names = [name for name, pe in pes.items() if same(pe)]
        if names:
            return names
    return []


def _items(key: str, value: Any) -> int | list[dict]:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise Refused(f"the input for {key} must be a number of iterations or a list of items, each an object that maps "
                  f"an input port to its value; it is {json.dumps(value)[:80]}")


def _check(pe: Any, name: str, given: int | list[dict]) -> None:
    """A root whose process takes the item of its input needs one in every item."""
    if type(pe).process not in (IterativePE.process, ConsumerPE.process) or "process" in vars(pe):
        return
    items = given if isinstance(given, list) else [{}] * min(given, 1)
    for number, item in enumerate(items, 1):
        if "input" not in item:
            raise Refused(
                f"{name} ({type(pe).__name__}) has no connected input and needs an item for its port 'input'; item "
                f"{number} has {', '.join(map(repr, item)) or 'none'}. Give it with "
                f"-d '{json.dumps({name: [{'input': '...'}]})}'"
            )
