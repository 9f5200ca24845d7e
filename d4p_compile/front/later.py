"""Modules beside a workflow that are imported only while it runs, in a method say, travel with it too."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def imported_later(modules: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """The modules that an import statement anywhere in `modules`, or in what is found, would load from where those lie.

    Nothing is imported. `modules` is name -> file; so is the result, without those given.
    """
    roots = {folder} | {_root(name, file) for name, file in modules.items() if _fits(name, file)}
    found: dict[str, Path] = {}
    todo = list(modules.items())
    while todo:
        name, file = todo.pop()
        for wanted in _imports(name, file):
            for module, path in _files(wanted, roots):
                if module not in modules and module not in found and not _is_other(module, path):
                    found[module] = path
                    todo.append((module, path))
    return found


def _fits(name: str, file: Path) -> bool:
    """Whether a module's file has the module's name: that of a workflow called `random.py` may differ."""
    return (file.parent if file.name == "__init__.py" else file.with_suffix("")).name == name.rpartition(".")[2]


def _root(name: str, file: Path) -> Path:
    return file.parents[name.count(".") + (file.name == "__init__.py")]


def _imports(name: str, file: Path) -> Iterator[str]:
    """The dotted names after `import` and `from`; of `from a import b` both `a` and `a.b`, which may be a module."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return
    package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level <= len(package):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _files(dotted: str, roots: set[Path]) -> Iterator[tuple[str, Path]]:
    """A module and the packages above it, as far as they are files under one of the roots."""
    parts = dotted.split(".")
    if parts[0] in sys.stdlib_module_names:
        return
    for root in sorted(roots):
        place = root
        for count, part in enumerate(parts, 1):
            place = place / part
            file = place / "__init__.py" if (place / "__init__.py").is_file() else place.with_suffix(".py")
            if file.is_file():
                yield ".".join(parts[:count]), file
            if not place.is_dir():
                break


def _is_other(module: str, path: Path) -> bool:
    """Whether the name belongs to a module that is loaded from elsewhere."""
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None)
    return loaded is not None and (file is None or Path(file).resolve() != path)
