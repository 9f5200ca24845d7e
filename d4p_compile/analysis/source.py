"""Finding the parsed source of a function object, by its file and first line.

A file is parsed once. Unlike `inspect.getsource` of a class this finds the function that is really there: of two
definitions of the same name the right one, and methods put on a class from outside.
"""

from __future__ import annotations

import ast
import linecache
import sys
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType
from typing import Any

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Unreadable(Exception):
    """The source of a function can't be found: exec, a plain REPL, C, a file that changed."""


@dataclass(frozen=True, eq=False)
class Function:
    """A function's name, its parsed source, and the names it sees from outside."""

    name: str
    node: FunctionNode
    globals: dict[str, Any]
    closure: dict[str, Any]
    defaults: dict[str, Any]
    owner: str

    @property
    def body(self) -> list[ast.stmt]:
        if isinstance(self.node, ast.Lambda):
            return [ast.copy_location(ast.Return(self.node.body), self.node.body)]
        return self.node.body

    @property
    def positional(self) -> list[str]:
        return [a.arg for a in self.node.args.posonlyargs + self.node.args.args]

    @property
    def parameters(self) -> list[str]:
        """All parameter names, `*args` and `**kwargs` included."""
        args = self.node.args
        extra = [a.arg for a in (args.vararg, args.kwarg) if a]
        return self.positional + [a.arg for a in args.kwonlyargs] + extra


_files: dict[str, tuple[list[str], dict[tuple[int, str], list[FunctionNode]]]] = {}
_nodes: dict[tuple[str, CodeType], FunctionNode] = {}


def read(function: FunctionType) -> Function:
    """The parsed source of a plain function or lambda; raises Unreadable."""
    code = function.__code__
    node = _nodes.get((code.co_filename, code))
    if node is None:
        node = _nodes[code.co_filename, code] = _find(code, function.__globals__)
    closure = {}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            closure[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    positional = code.co_varnames[: code.co_argcount]
    given = function.__defaults__ or ()
    defaults = dict(zip(positional[len(positional) - len(given) :], given, strict=True))
    defaults.update(function.__kwdefaults__ or {})
    parts = function.__qualname__.split(".")
    owner = parts[-2].lstrip("_") if len(parts) > 1 and parts[-2] != "<locals>" else ""
    return Function(function.__name__, node, function.__globals__, closure, defaults, owner)


def _find(code: CodeType, names: dict[str, Any]) -> FunctionNode:
    candidates = _index(code.co_filename, names).get((code.co_firstlineno, code.co_name), [])
    count = code.co_argcount + code.co_kwonlyargcount
    candidates = [n for n in candidates if _arguments(n) == code.co_varnames[:count]]
    if len(candidates) > 1:
        candidates = [n for n in candidates if _same_code(n, code)]
    if len(candidates) != 1:
        raise Unreadable(f"the source of {code.co_name} can't be read")
    return candidates[0]


def _index(filename: str, names: dict[str, Any]) -> dict[tuple[int, str], list[FunctionNode]]:
    """The functions of a file by (first line, name)."""
    lines = linecache.getlines(filename, names)
    if filename in _files and _files[filename][0] is lines:
        return _files[filename][1]
    index: dict[tuple[int, str], list[FunctionNode]] = {}
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError) as error:
        raise Unreadable(f"{filename} can't be parsed: {error}") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno] + [d.lineno for d in node.decorator_list])
            index.setdefault((first, node.name), []).append(node)
        elif isinstance(node, ast.Lambda):
            index.setdefault((node.lineno, "<lambda>"), []).append(node)
    _files[filename] = lines, index
    return index


def _arguments(node: FunctionNode) -> tuple[str, ...]:
    args = node.args
    return tuple(a.arg for a in args.posonlyargs + args.args + args.kwonlyargs)


def _same_code(node: FunctionNode, code: CodeType) -> bool:
    """Tell several lambdas of one line apart: by column where Python knows it (3.11), else by what they compile to."""
    if not isinstance(node, ast.Lambda):
        return False
    if sys.version_info >= (3, 11):
        at = [(line, column) for line, _, column, _ in code.co_positions() if line is not None and column]
        body = node.body
        start, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
        return bool(at) and min(at) == start and max(at) <= end
    made = compile(ast.Expression(node), "<lambda>", "eval").co_consts[0]
    return (made.co_code, made.co_names, made.co_consts) == (code.co_code, code.co_names, code.co_consts)


def plain_functions(value: Any) -> list[FunctionType]:
    """The plain functions behind a class attribute: a method, what it wraps, a property's getter and setter."""
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, property):
        return [f for part in (value.fget, value.fset, value.fdel) if part for f in plain_functions(part)]
    inner = getattr(value, "func", None)
    if type(value).__name__ in ("cached_property", "partialmethod", "singledispatchmethod") and inner:
        return plain_functions(inner)
    found: list[FunctionType] = []
    seen: set[int] = set()
    while value is not None and id(value) not in seen:
        seen.add(id(value))
        value = value.__func__ if isinstance(value, MethodType) else value
        if isinstance(value, FunctionType):
            found.append(value)
        value = None if isinstance(value, type) else getattr(value, "__dict__", {}).get("__wrapped__")
    return found
