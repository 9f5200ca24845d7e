"""Attributes that carry nothing from one item to the next, since each item sets them first.

    self.data = inputs["input"]
    self.filter()
    return self.data
"""

from __future__ import annotations

import ast
from typing import Any

from d4p.graph.core import GenericPE
from d4p_compile.analysis.mentions import Method, quiet

#: The methods that begin an item; of a PE with both the first calls the second.
_ENTRIES = ("process", "_process")


def set_before_it_is_read(methods: list[Method], name: str, stored: set[str], values: dict[str, Any]) -> bool:
    """The method that begins an item assigns it, as one of its own statements, before anything could read it."""
    if hasattr(GenericPE, name) or name in vars(GenericPE()):
        return False
    entries = [method for method in methods if method.source.name in _ENTRIES]
    if len(entries) != 1:
        return False
    (entry,) = entries
    if not any(isinstance(node.ctx, ast.Load) for method in methods for node in method.names.get(name, [])):
        return False  # whoever keeps what nobody reads here means somebody else to read it
    for statement in entry.source.body:
        mentions = [node for node in entry.names.get(name, []) if entry.is_within(node, [statement])]
        if not mentions:
            if not _calls_nobody(methods, entry, statement):
                return False
            continue
        return isinstance(statement, ast.Assign) and mentions == statement.targets and \
            quiet(methods, entry, statement.value) and _calls_nobody(methods, entry, statement)
    return False


def _calls_nobody(methods: list[Method], method: Method, statement: ast.stmt) -> bool:
    """Whether a statement neither mentions a method of self or of a base, which might read the attribute, nor makes a
    function that might."""
    names = {each.source.name for each in methods}
    mentions = [node.attr for node in ast.walk(statement)
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == method.own]
    others = any(isinstance(node, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef)
                 or isinstance(node, ast.Name) and node.id == "super" for node in ast.walk(statement))
    return not others and names.isdisjoint(mentions)
