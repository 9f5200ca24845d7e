"""Which PEs are one expression, such as `return item * self.gain`: a generated loop has it written out.

A call of a Python function takes as long as two or three such operations, so that a chain of small PEs is mostly
calls. Where anything but the expression may happen the PE is called.
"""

from __future__ import annotations

import ast
import copy
import sys
from typing import Any

from d4p.graph.base import IterativePE
from d4p.graph.core import GenericPE
from d4p.graph.inline import function_of, returns
from d4p_compile.analysis.origin import is_plain
from d4p_compile.analysis.source import Unreadable, read

#: More parts than stand in so long an expression, which would take long to look at.
_MOST = 100
#: Longer ones are no easier to read in a loop than in their PE.
LONGEST = 60
#: What an expression may have in it: nothing that calls, awaits, yields, binds a name or makes a function; no `is`, of
#: which Python may warn wherever it is written.
_PARTS = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Subscript, ast.Slice, ast.Attribute, ast.Name,
    ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.operator, ast.unaryop, ast.boolop, ast.expr_context,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
)  # fmt: skip
#: What a class may have beside its `_process`: things that are over before the first item comes, and plain values.
_BESIDE = ("__init__", "__doc__", "__module__", "__qualname__", "__dict__", "__weakref__", "__annotations__",
           "__firstlineno__", "__static_attributes__")  # fmt: skip


def written_out(pe: Any) -> str:
    """The expression of `self` and `item` that a PE returns and that says all it does with an item; empty where there
    is none."""
    if type(pe).process is not IterativePE.process or not _has_nothing_else(type(pe)):
        return ""
    if any(callable(getattr(GenericPE, name, None)) for name in vars(pe)):  # a method of the object's own
        return ""
    found = function_of(pe)
    if found is None:
        return ""
    try:
        function = read(found[0])
    except Unreadable:
        return ""
    arguments, given, returned = function.parameters, found[1], _returned(function.body)
    if returned is None or len(arguments) != len(given) or len(given) == 1 and not _gives_no_dict(returned):
        return ""
    if getattr(function.node, "decorator_list", None) or not _is_plain(returned, *arguments):
        return ""
    renamed = _Renamed(dict(zip(arguments, given, strict=True)))
    text = ast.unparse(renamed.visit(copy.deepcopy(returned)))
    return text if len(text) <= LONGEST and returns(pe, text) else ""


def never_none(expression: str) -> bool:
    """Whether an expression is a literal, or says yes or no, so that its value can't be None.

    >>> never_none("(item, 1)"), never_none("not item"), never_none("item * 2"), never_none("1 if item else None")
    (True, True, False, False)
    """
    return bool(expression) and _never_none(ast.parse(expression, mode="eval").body)


def _never_none(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _never_none(node.body) and _never_none(node.orelse)
    if isinstance(node, ast.Constant):
        return node.value is not None
    return isinstance(node, ast.Tuple | ast.List | ast.Dict) or isinstance(getattr(node, "op", None), ast.Not)


def _has_nothing_else(cls: type) -> bool:
    """Whether a class and those of the user's that it inherits from have a `_process` and plain values alone.

    Another method may put something else in its place, or in that of an attribute, while items come; attributes that
    are called when they are read may do so too. What is unusual otherwise isn't looked into."""
    for owner in cls.__mro__:
        if is_plain(owner):
            continue
        for name, value in vars(owner).items():
            if name in _BESIDE or name == "_process":
                continue
            if callable(value) or hasattr(type(value), "__get__") or name.startswith("__"):
                return False
    return True


def _returned(body: list[ast.stmt]) -> ast.expr | None:
    """What a function returns that does nothing else but have a docstring, in one line: there it is shown to fail."""
    *docstring, last = body
    if len(docstring) > 1 or not isinstance(last, ast.Return) or last.lineno != last.end_lineno:
        return None
    texts = (isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant) for said in docstring)
    return last.value if all(texts) else None


def _is_plain(expression: ast.expr, *arguments: str) -> bool:
    """Whether there are only operators, literals, the item and its parts, and attributes of the PE, and few of them."""
    *own, item = arguments
    nodes = list(ast.walk(expression))
    parents = {child: node for node in nodes for child in ast.iter_child_nodes(node)}
    if len(nodes) > _MOST:
        return False
    for node in nodes:
        if not isinstance(node, _PARTS):
            return False
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and abs(node.value) > sys.maxsize:
            return False  # Python may refuse to show it
        if isinstance(node, ast.Name) and node.id != item:
            if node.id not in own or not isinstance(parents.get(node), ast.Attribute):
                return False
        if isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            return False
    return True


def _gives_no_dict(expression: ast.expr) -> bool:
    """Whether what comes of a function is no dict, which `SimpleFunctionPE` would look into for provenance."""
    if isinstance(expression, ast.BinOp):
        return not isinstance(expression.op, ast.BitOr)
    return isinstance(expression, ast.UnaryOp | ast.Compare | ast.Tuple | ast.List | ast.Constant)


class _Renamed(ast.NodeTransformer):
    """Names replaced by others."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)


def with_variable(expression: str, variable: str) -> str:
    """An expression of `self` as one of a variable that holds the PE."""
    return ast.unparse(_Renamed({"self": variable}).visit(ast.parse(expression, mode="eval")))
