"""What is wrong with a generated program that compiling it doesn't show: names that are nowhere made, and dead ones."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator


def faults(program: str) -> list[str]:
    """Names that a function of a program uses and nobody makes, and those that it makes and nobody uses."""
    tree = ast.parse(program)
    everywhere = set(vars(builtins)) | {"__file__", "__name__"} | _made(tree.body)
    return [fault for node in tree.body if isinstance(node, ast.FunctionDef) for fault in _faults(node, everywhere)]


def _faults(function: ast.FunctionDef, everywhere: set[str]) -> Iterator[str]:
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function]
    arguments = {arg.arg for node in ast.walk(function) if isinstance(node, ast.arguments) for arg in node.args}
    used = {name.id for name in names if isinstance(name.ctx, ast.Load)}
    made = {name.id for name in names if isinstance(name.ctx, ast.Store)} | {node.name for node in inner}
    yield from (f"{function.name} uses {name}, which nobody makes" for name in
                sorted(used - made - arguments - everywhere - _imported(function)))
    yield from (f"{function.name} makes {name}, which nobody uses" for name in sorted(made - used))


def _made(body: list[ast.stmt]) -> set[str]:
    found = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    found |= {target.id for node in body if isinstance(node, ast.Assign) for target in node.targets}
    return found | set().union(*(_imported(node) for node in body))


def _imported(node: ast.AST) -> set[str]:
    imports = [inner for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name for inner in imports for alias in inner.names}
