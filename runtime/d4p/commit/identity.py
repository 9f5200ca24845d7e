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

from d4p.describe.secret_names import is_secret
from d4p.graph.core import is_reader
from d4p.items.itemjson import to_json
from d4p.version import __version__
from d4p.workflow.inputs import Inputs
from d4p.workflow.workflow import Workflow

_LONGEST, _DIGEST = 80, " sha256:"
_WORDS = {
    "plan": "another plan (target, instances, graph or version of d4p)",
    "code": "other code of the workflow",
    "inputs": "other items for its roots (-i, -d, -f or --limit)",
    "on_error": "other policies for items that fail (--on-error)",
}


def identity(main: Callable, workflow: Workflow, inputs: Inputs) -> dict[str, Any]:
    """Digests of what a run is made of, each under its name; those of readers' files under the reader's."""
    readers = {name: pe for name, pe in workflow.pes.items() if is_reader(pe)}
    return {
        "version": __version__,
        "parameters": {name: _value(name, value) for name, value in (workflow.parameters or {}).items()},
        "plan": _digest(__version__, workflow.fingerprint, _text(main.__globals__.get("__file__"))),
        "code": _digest(*_code(workflow)),
        "inputs": _digest(json.dumps([to_json(inputs.given), inputs.limit], sort_keys=True)),
        **_on_error(workflow),
        "files": {name: _digest(*map(str, _files(pe))) for name, pe in readers.items()},
    }


def _on_error(workflow: Workflow) -> dict[str, str]:
    """The policies of its PEs, where any has one."""
    found = {name: str(policy) for name, policy in workflow.policies.items()}
    return {"on_error": _digest(json.dumps(found, sort_keys=True))} if found else {}


def differences(earlier: dict[str, Any], now: dict[str, Any]) -> str:
    """In what two runs differ, as words; "" where they agree."""
    found = _named(earlier, now)
    found += [words for name, words in _WORDS.items()
              if earlier.get(name) != now.get(name) and not (found and name == "plan")]
    if "plan" not in earlier or earlier["plan"] == now.get("plan"):
        files, mine = earlier.get("files", {}), now.get("files", {})
        found += [f"other files for {name} (names, sizes or times)" for name in mine if files.get(name) != mine[name]]
    return " and ".join(found)


def _named(earlier: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs of what else is only another plan."""
    were, are = earlier.get("parameters"), now.get("parameters", {})
    were = are if were is None else were
    found = []
    for name in sorted({*were, *are}):
        if were.get(name) != are.get(name):
            was, value = (each.get(name, "not given").partition(_DIGEST)[0] for each in (were, are))
            found.append(f"another {name} ({value}, was {was})" if value != was else f"another {name}")
    if "version" in earlier and earlier["version"] != now.get("version"):
        found.append(f"another version of d4p ({now.get('version')}, was {earlier['version']})")
    return found


def _value(name: str, value: Any) -> str:
    """A parameter as it is shown; what is secret or long also by a digest, which isn't."""
    text = repr(value)
    if is_secret(name, text):
        return f"***{_DIGEST}{_digest(text)}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...{_DIGEST}{_digest(text)}"


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
