"""Attributes and globals that are filled once: each instance fills them with the same, whichever item comes first.

    if self.model is None:
        self.model = load(self.path)
    ... self.model ...
"""

from __future__ import annotations

import ast
from typing import Any

from d4p_compile.analysis.mentions import Method, is_log, quiet


def filled_once(methods: list[Method], name: str, stored: set[str], values: dict[str, Any]) -> bool:
    """All assignments stand behind "if it isn't there yet" and are of the same, and all else behind that."""
    fills: list[tuple[Method, list[Any]]] = []  # statements, each of which fills it
    for method in methods:
        nodes = method.names.get(name, [])
        if filling := _fills_or_gives(method, name, stored, methods):
            fills.append((method, [filling]))
            continue
        guards = [each for node in nodes for each in method.above(node)
                  if isinstance(each, ast.If) and ast.unparse(each.test) in method.absent(name)]
        if not all(_only_fills(method, each, name) for each in guards):
            return False
        fills += [(method, [part for part in each.body if isinstance(part, ast.Assign | ast.With)]) for each in
                  {guard: None for guard in guards if any(method.is_within(node, guard.body) for node in nodes)}]
        same = method.same(stored)
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
    if len(fills) < 2:
        return True
    texts = {_by_themselves(stored, *each) for each in fills}
    return len(texts) == 1 and None not in texts


def _by_themselves(stored: set[str], method: Method, statements: list[Any]) -> str | None:
    """Statements as text, which says what they fill something with; None where they need locals from elsewhere."""
    names = [node for part in statements for node in ast.walk(part) if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    if any(node.id in method.same(stored).locals - made - {method.own} for node in names):
        return None
    return "\n".join(map(ast.unparse, statements))


def _fills_or_gives(method: Method, name: str, stored: set[str], methods: list[Method]) -> ast.Assign | None:
    """The second of a method's three statements, `if self.name is not None: return self.name`, `self.name = ...`,
    `return self.name`; there may be imports and logs between."""
    mention = method.mention(name)
    gives = ast.dump(ast.parse(f"return {mention}").body[0])
    body = [each for each in method.source.body if not isinstance(each, ast.Import | ast.ImportFrom | ast.Global)
            and not is_log(method, each) and not _is_docstring(each)]
    if len(body) != 3 or not isinstance(body[0], ast.If) or not isinstance(body[1], ast.Assign):
        return None
    test = ast.unparse(ast.UnaryOp(ast.Not(), body[0].test)) in method.absent(name) or \
        ast.unparse(body[0].test) == f"{mention} is not None"
    same = method.same(stored)
    value = body[1].value
    given = [*map(ast.dump, body[0].body)] == [gives] and not body[0].orelse and ast.dump(body[2]) == gives
    found = test and given and [ast.unparse(target) for target in body[1].targets] == [mention] and \
        same.for_all_items(value) and quiet(methods, method, value)
    return body[1] if found else None


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _only_fills(method: Method, guard: ast.If, name: str) -> bool:
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
              and isinstance(node.ctx, ast.Store)} - {method.mention(name)}
    used = any(isinstance(node, ast.Name) and node.id in stored and id(node) not in inside for node in nodes)
    return not guard.orelse and not used
