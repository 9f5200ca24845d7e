"""Globals that are filled once, by whichever item comes first.

    model = None

    def predict(item):
        global model
        if model is None:
            model = load("model.pickle")
        return model.predict(item)

Each process fills them with the same. Whoever else looks at one sees whether an item has come: then it is state.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from typing import Any

from d4p_compile.analysis.expressions import local_names, parameter_names
from d4p_compile.analysis.filled import filled_once
from d4p_compile.analysis.mentions import OfGlobal
from d4p_compile.analysis.setup_types import type_of
from d4p_compile.analysis.source import Function, FunctionNode

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class FilledLater:
    """Stands for the value that a global has when it is filled: of one of some types, None where one isn't known."""

    def __init__(self, types: frozenset[type | None]) -> None:
        self.types = types


def filled_later(names: dict[str, Any], name: str) -> FilledLater | None:
    """What a module's global is filled with once, None where that isn't known for certain.

    Args:
        names: the module's globals.
    """
    if names.get(name, ...) is not None or not isinstance(file := names.get("__file__"), str):
        return None
    functions = _functions(file, names)
    key = id(names), name
    if key not in _found or _found[key][0] is not functions:
        _found[key] = functions, _filled_later(functions, names, name)
    return _found[key][1]


_Functions = tuple[FunctionNode, ...]
_files: dict[str, tuple[list[str], _Functions]] = {}
_found: dict[tuple[int, str], tuple[_Functions, FilledLater | None]] = {}


def _filled_later(functions: _Functions, names: dict[str, Any], name: str) -> FilledLater | None:
    mentions: list[OfGlobal] = []
    types: set[type | None] = set()
    for node in functions:
        if any(isinstance(part, _FUNCTIONS) and part is not node and _says(part, name) for part in ast.walk(node)):
            return None
        if _says(node, name) and (name not in local_names(node) or name in _declared(node)):
            source = Function(getattr(node, "name", ""), node, names, {}, {}, "")
            mentions.append(OfGlobal(source, name))
            types |= {type_of(part.value, source) for part in ast.walk(node) if isinstance(part, ast.Assign)
                      and any(isinstance(target, ast.Name) and target.id == name for target in part.targets)}
            if name not in _declared(node) or _binds_otherwise(node, name):
                return None
    return FilledLater(frozenset(types)) if types and filled_once([*mentions], name, {name}, {}) else None


def _functions(file: str, names: dict[str, Any]) -> _Functions:
    """The functions of a file, and methods, but for those within others: another tuple where it has changed."""
    lines = linecache.getlines(file, names)
    if file not in _files or _files[file][0] is not lines:
        try:
            _files[file] = lines, tuple(_outermost(ast.parse("".join(lines))))
        except (SyntaxError, ValueError):
            _files[file] = lines, ()
    return _files[file][1]


def _outermost(node: ast.AST) -> Iterator[FunctionNode]:
    for part in ast.iter_child_nodes(node):
        if isinstance(part, _FUNCTIONS):
            yield part
        else:
            yield from _outermost(part)


def _says(node: ast.AST, name: str) -> bool:
    """Whether a name stands somewhere in a function, for whatever."""
    return any(isinstance(part, ast.Name) and part.id == name or isinstance(part, ast.Global | ast.Nonlocal)
               and name in part.names for part in ast.walk(node))


def _binds_otherwise(node: ast.AST, name: str) -> bool:
    """By an import, an `except` or a `match`."""
    return any(name in (getattr(part, "asname", None), getattr(part, "name", None)) for part in ast.walk(node)
               if isinstance(part, ast.alias | ast.ExceptHandler | ast.MatchAs | ast.MatchStar))


def _declared(node: FunctionNode) -> set[str]:
    return {name for part in ast.walk(node) if isinstance(part, ast.Global) for name in part.names} \
        - set(parameter_names(node))
