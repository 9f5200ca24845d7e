"""Where a method mentions attributes of self, and what stands around each mention."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator, Set
from types import ModuleType
from typing import Any

from d4p_compile.analysis.same import Same
from d4p_compile.analysis.source import Function

_LOGS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


class Method:
    """A method's nodes, with what stands around each. `own` is the name of its self."""

    def __init__(self, source: Function) -> None:
        self.source, self.own = source, source.positional[0] if source.positional else ""
        self.around: dict[ast.AST, ast.AST] = {
            child: node for node in ast.walk(source.node) for child in ast.iter_child_nodes(node)}
        self.names: dict[str, list[Any]] = {}  # the nodes
        self.hands_out_self = False
        for node in ast.walk(source.node):
            if isinstance(node, ast.Name) and node.id == self.own:
                parent = self.around.get(node)
                if isinstance(parent, ast.Attribute):
                    self.names.setdefault(parent.attr, []).append(parent)
                elif not self._is_asked_for(parent):
                    self.hands_out_self = True
        self.hands_out_self |= "__dict__" in self.names

    def _is_asked_for(self, call: ast.AST | None) -> bool:
        """`hasattr(self, "name")`"""
        return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "hasattr" and \
            len(call.args) == 2 and isinstance(call.args[1], ast.Constant)

    @property
    def changed(self) -> Iterator[str]:
        """The attributes that it assigns, or something in them; not those that Python calls by another name."""
        for name, nodes in self.names.items():
            if not name.startswith("__") and any(self.is_stored(node) for node in nodes):
                yield name

    def mention(self, name: str) -> str:
        """An attribute as it stands in the text."""
        return f"{self.own}.{name}"

    def absent(self, name: str) -> tuple[str, ...]:
        """Tests, as text, that an attribute isn't there yet."""
        return f"not hasattr({self.own}, {name!r})", *_absent(self.mention(name))

    def same(self, stored: Set[str]) -> Same:
        """What is the same for every item where attributes are `stored` while items come."""
        return Same(self.source, self.own, lambda attribute: attribute not in stored)

    def is_stored(self, node: ast.Attribute | ast.Name) -> bool:
        """Whether a mention assigns what is mentioned, or an item of it."""
        parent = self.around.get(node)
        inside = isinstance(parent, ast.Subscript) and parent.value is node and not isinstance(parent.ctx, ast.Load)
        return inside or not isinstance(node.ctx, ast.Load)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What stands around a node, from inside."""
        while node in self.around:
            node = self.around[node]
            yield node

    def is_within(self, node: ast.AST, statements: list[ast.stmt]) -> bool:
        return node in statements or any(each in statements for each in self.above(node))

    def behind(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements that only run where this one has: those after it in its block."""
        for _, block in ast.iter_fields(self.around[statement]):
            if isinstance(block, list) and statement in block:
                return block[block.index(statement) + 1 :]
        return []


class OfGlobal(Method):
    """A function's, or a method's, mentions of a global. What is the same for every item depends on no attribute:
    others, whose attributes are others, have the same global."""

    def __init__(self, source: Function, name: str) -> None:
        super().__init__(source)
        self.names: dict[str, list[Any]] = {
            name: [node for node in ast.walk(source.node) if isinstance(node, ast.Name) and node.id == name]}

    def mention(self, name: str) -> str:
        return name

    def absent(self, name: str) -> tuple[str, ...]:
        return _absent(name)

    def same(self, stored: Set[str]) -> Same:
        return Same(self.source, self.own, lambda attribute: False)


def _absent(mention: str) -> tuple[str, ...]:
    return f"{mention} is None", f"{mention} == None", f"not {mention}"


def quiet(methods: list[Method], method: Method, value: ast.expr) -> bool:
    """Whether making a value writes nothing: of self's methods it calls those that neither write nor call others."""
    names = {each.source.name for each in methods}
    calls = {node.func for node in ast.walk(value) if isinstance(node, ast.Call)}
    for node in ast.walk(value):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == method.own:
            called = [each for each in methods if each.source.name == node.attr]
            if node.attr in ("write", "_write") or node.attr in names and node not in calls:
                return False
            if any(name in names or name in ("write", "_write") for each in called for name in each.names):
                return False
    return True


def is_log(method: Method, statement: ast.AST | None) -> bool:
    """`self.log(...)`, or a method of the module logging or of a logger that is a global; or `print(...)`, but to a
    file."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
        known = {**method.source.globals, **method.source.closure}
        return call.func.id == "print" and "print" not in known and all(each.arg != "file" for each in call.keywords)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    base, source = call.func.value, method.source
    if not isinstance(base, ast.Name):
        return False
    if base.id == method.own:
        return call.func.attr == "log"
    logger = source.closure.get(base.id, source.globals.get(base.id))
    known = isinstance(logger, logging.Logger) or isinstance(logger, ModuleType) and logger is logging
    return known and call.func.attr in _LOGS
