"""Modules and files beside a workflow that are imported or opened only while it runs, in a method say, travel too."""

from __future__ import annotations

import ast
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .source import TAKEN

#: A folder with more files than this is a data set and no part of a program.
_MOST_FILES = 200


def imported_later(modules: Mapping[str, Path], folder: Path, is_users: Callable[[Path], bool]) -> dict[str, Path]:
    """The user's modules that an import statement anywhere in `modules`, or in what is found, means.

    Nothing is imported. `modules` is name -> file; so is the result, without those given. A module that isn't loaded is
    looked for in `folder`, and in the folders that `modules` were imported from.
    """
    roots = sorted({folder} | {_root(name, file) for name, file in modules.items() if _fits(name, file)})
    found: dict[str, Path] = {}
    todo = list(modules.items())
    while todo:
        name, file = todo.pop()
        for wanted in _imports(name, file):
            for module, path in _files(wanted, roots):
                if module not in modules and module not in found and is_users(path):
                    found[module] = path
                    todo.append((module, path))
    return found


def files_named(modules: Mapping[str, Path]) -> set[Path]:
    """The files that a module which looks up its own `__file__` names in its text, and those in folders it names.

    What is opened by another path is the user's own business: a program runs in the user's working directory.
    """
    found: set[Path] = set()
    for file in modules.values():
        tree = _parsed(file)
        if any(isinstance(node, ast.Name) and node.id == "__file__" for node in ast.walk(tree)):
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_name(node.value):
                    found |= _at(file.parent / node.value)
    return found


def _is_name(text: str) -> bool:
    """Whether a text may name something below a folder."""
    return 0 < len(text) < 256 and text.isprintable() and not {".", "..", ""} & set(text.rstrip("/").split("/"))


def _at(path: Path) -> set[Path]:
    files = path.rglob("*") if path.is_dir() and not path.is_symlink() else [path]
    data = (f for f in files if f.suffix not in (".py", ".pyc") and f.is_file())
    first = list(itertools.islice(data, _MOST_FILES + 1))
    return set(first) if len(first) <= _MOST_FILES else set()


def _fits(name: str, file: Path) -> bool:
    """Whether a module's file has the module's name: that of a workflow called `random.py` may differ."""
    return (file.parent if file.name == "__init__.py" else file.with_suffix("")).name == name.rpartition(".")[2]


def _root(name: str, file: Path) -> Path:
    return file.parents[name.count(".") + (file.name == "__init__.py")]


def _imports(name: str, file: Path) -> Iterator[str]:
    """The dotted names after `import` and `from`; of `from a import b` both `a` and `a.b`, which may be a module."""
    tree = _parsed(file)
    package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level <= len(package):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _parsed(file: Path) -> ast.AST:
    try:
        return ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return ast.Module([], [])


def _files(dotted: str, roots: list[Path]) -> Iterator[tuple[str, Path]]:
    """A module and the packages above it: where they were loaded from, else as files under a root."""
    parts = dotted.split(".")
    if parts[0] in sys.stdlib_module_names or parts[0] in TAKEN:
        return
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        file = getattr(sys.modules.get(name), "__file__", None) or _beside(parts[:count], roots)
        if file and str(file).endswith(".py"):
            yield name, Path(file).resolve()


def _beside(parts: list[str], roots: list[Path]) -> Path | None:
    for root in roots:
        place = root.joinpath(*parts)
        for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if file.is_file():
                return file
    return None
