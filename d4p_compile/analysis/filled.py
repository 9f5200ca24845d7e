"""Attributes that are filled once: each instance fills them with the same, whichever item comes first.

    if self.model is None:
        self.model = load(self.path)
    ... self.model ...
"""

from __future__ import annotations

import ast
from typing import Any

from d4p_compile.analysis.mentions import Method, is_log, quiet
from d4p_compile.analysis.same import Same


def filled_once(methods: list[Method], name: str, stored: set[str], values: dict[str, Any]) -> bool:
    """All assignments stand behind "if it isn't there yet" and are of the same, and all else behind that."""
    for method in methods:
        nodes = method.names.get(name, [])
        if _fills_or_gives(method, name, nodes, stored, methods):
            continue
        guards = [each for node in nodes for each in method.above(node)
                  if isinstance(each, ast.If) and _isnt_there(each.test, method.own, name)]
        if not all(_only_fills(method, each) for each in guards):
            return False
        same = Same(method.source, method.own, lambda attribute: attribute not in stored)
        for node in nodes:
            guard = next((each for each in guards if method.is_within(node, each.body)), None)
            if not isinstance(node.ctx, ast.Load):
                assignment = method.around[node]
                if guard is None or not isinstance(assignment, ast.Assign):
                    return False
                if not (same.for_all_items(assignment.value) and quiet(methods, method, assignment.value)):
                    return False
            elif guard is None and not any(
                    method.is_within(node, [each.test]) or method.is_within(node, method.behind(each))  # type: ignore
                    for each in guards):
                return False
            elif method.is_stored(node):
                return False
    return True


def _fills_or_gives(method: Method, name: str, nodes: list[ast.Attribute], stored: set[str],
                    methods: list[Method]) -> bool:
    """A method of three statements: `if self.name is not None: return self.name`, `self.name = ...`,
    `return self.name`; there may be imports and logs between."""
    mention = f"{method.own}.{name}"
    gives = ast.dump(ast.parse(f"return {mention}").body[0])
    body = [each for each in method.source.body if not isinstance(each, ast.Import | ast.ImportFrom)
            and not is_log(method, each) and not _is_docstring(each)]
    if len(body) != 3 or not isinstance(body[0], ast.If) or not isinstance(body[1], ast.Assign):
        return False
    test = ast.unparse(body[0].test) in (f"{mention} is not None", mention, f"hasattr({method.own}, {name!r})")
    same = Same(method.source, method.own, lambda attribute: attribute not in stored)
    value = body[1].value
    given = [*map(ast.dump, body[0].body)] == [gives] and not body[0].orelse and ast.dump(body[2]) == gives
    return test and given and [ast.unparse(target) for target in body[1].targets] == [mention] and \
        same.for_all_items(value) and quiet(methods, method, value)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _only_fills(method: Method, guard: ast.If) -> bool:
    """Whether an `if` does no more than to assign, in every case, and what it makes on the way is used nowhere else."""
    todo = list(guard.body)
    for part in todo:  # grows
        if isinstance(part, ast.With):
            todo += part.body
        elif not isinstance(part, ast.Assign | ast.Import | ast.ImportFrom | ast.Pass) and not is_log(method, part):
            return False
    nodes = list(ast.walk(method.source.node))
    inside = {id(node) for part in guard.body for node in ast.walk(part)}
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and id(node) in inside
              and isinstance(node.ctx, ast.Store)}
    used = any(isinstance(node, ast.Name) and node.id in stored and id(node) not in inside for node in nodes)
    return not guard.orelse and not used


def _isnt_there(test: ast.expr, own: str, name: str) -> bool:
    """`self.name is None`, `not self.name`, `not hasattr(self, "name")`"""
    mention = f"{own}.{name}"
    return ast.unparse(test) in (f"{mention} is None", f"{mention} == None", f"not {mention}",
                                 f"not hasattr({own}, {name!r})")
