"""What `WORKFLOW` on the command line names: a file, a module, or either with `:attribute`."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from d4p.errors import Refused


@dataclass(frozen=True)
class Source:
    """A module to import: `folder` goes on sys.path, `file` is its source where that is known."""

    module: str
    folder: Path | None
    file: Path | None
    attribute: str | None


def parse_workflow(text: str, attribute: str | None = None) -> Source:
    """Read `path/to/file.py[:attribute]` or `package.module[:attribute]`. Raises Refused if there is no such thing."""
    path, colon, after = text.rpartition(":")
    if colon and path and re.fullmatch(r"[A-Za-z_][\w.]*", after) and not Path(text).exists():
        if attribute and attribute != after:
            raise Refused(f"{text} names the attribute {after}, and -a names {attribute}: give one")
        text, attribute = path, after
    file = Path(text)
    if file.suffix == ".py" or "/" in text or file.is_file():
        if file.is_dir():
            raise Refused(f"{text} is a folder: give a Python file, or a module by its dotted name")
        if not file.is_file():
            raise Refused(f"there is no file {text}: give the path of a workflow file, or the name of a module")
        return Source(module_name(file), file.resolve().parent, file.resolve(), attribute)
    return Source(text, None, _find(text), attribute)


def _find(module: str) -> Path | None:
    cwd = str(Path.cwd())
    if cwd not in sys.path:
        sys.path.insert(0, cwd)
    from d4p import compat

    compat.install()
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise Refused(f"there is no file {module} and no module of that name: give the path of a workflow file "
                      "(such as ./wordcount.py) or the dotted name of a module that can be imported here")
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None


def module_name(file: Path) -> str:
    """The name a file is imported by: its stem, made a valid name that hides no standard module."""
    name = re.sub(r"\W", "_", file.stem)
    if not name.isidentifier() or name in sys.stdlib_module_names or name in ("d4p", "dispel4py", "pyspark"):
        name = f"workflow_{name}"
    return name
