"""What a run is made of: its plan, the workflow's code, its input. Runs that agree in all give the same output."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import d4p
from d4p.inputs import Inputs, is_reader
from d4p.itemjson import to_json
from d4p.workflow import Workflow

_WORDS = {
    "plan": "another plan (target, instances, graph or version of d4p)",
    "code": "other code of the workflow",
    "inputs": "other items for its roots (-i, -d, -f or --limit)",
}


def identity(main: Callable, workflow: Workflow, inputs: Inputs) -> dict[str, Any]:
    """Digests of what a run is made of, each under its name; those of readers' files under the reader's."""
    readers = {name: pe for name, pe in workflow.pes.items() if is_reader(pe)}
    return {
        "plan": _digest(d4p.__version__, workflow.fingerprint, _text(main.__globals__.get("__file__"))),
        "code": _digest(*_code(workflow)),
        "inputs": _digest(json.dumps([to_json(inputs.given), inputs.limit], sort_keys=True)),
        "files": {name: _digest(*map(str, _files(pe))) for name, pe in readers.items()},
    }


def differences(earlier: dict[str, Any], now: dict[str, Any]) -> str:
    """In what two runs differ, as words; "" where they agree."""
    found = [words for name, words in _WORDS.items() if earlier.get(name) != now.get(name)]
    if "plan" not in earlier or earlier["plan"] == now.get("plan"):
        files, mine = earlier.get("files", {}), now.get("files", {})
        found += [f"other files for {name} (names, sizes or times)" for name in mine if files.get(name) != mine[name]]
    return " and ".join(found)


def _files(reader: Any) -> list[Any]:
    """What tells a reader's files apart: their names, sizes and times."""
    return reader.input_files() if hasattr(reader, "input_files") else reader.plan_splits()


def _code(workflow: Workflow) -> list[bytes]:
    """The workflow's own modules, which lie in one folder with it; or the pickle of a graph that has no module."""
    if workflow.pickled is not None:
        return [Path(workflow.pickled).read_bytes()]
    top = sys.modules.get(workflow.source.partition(":")[0].partition(".")[0])
    root = _folder(top)
    mine = {name: module for name, module in list(sys.modules.items()) if module is top or _lies_in(root, module, name)}
    return [part for name in sorted(mine) for part in (name.encode(), _text(getattr(mine[name], "__file__", None)))]


def _folder(module: ModuleType | None) -> str:
    """The folder that a module or package lies in."""
    file = getattr(module, "__file__", None) or ""
    folder = os.path.dirname(file)
    return os.path.dirname(folder) if os.path.basename(file) == "__init__.py" else folder


def _lies_in(root: str, module: ModuleType, name: str) -> bool:
    file = getattr(module, "__file__", None) or ""
    if not root or not file.startswith(root + os.sep) or name.partition(".")[0] in ("d4p", "__main__", "__mp_main__"):
        return False
    return not {"site-packages", "dist-packages"}.intersection(file[len(root) :].split(os.sep))


def _text(file: str | None) -> bytes:
    try:
        return Path(file).read_bytes() if file else b""
    except OSError:  # in a zip, which is unpacked where it is the workflow's
        return b""


def _digest(*parts: Any) -> str:
    sha = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode(errors="surrogatepass")
        sha.update(len(data).to_bytes(8, "big") + data)
    return sha.hexdigest()[:32]
