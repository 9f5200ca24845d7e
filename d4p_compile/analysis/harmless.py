"""Attributes that change while items come and change no answer: filled once, only logged, a table of what was found
(see `tables`), or set anew for each item (see `scratch`).

    if self.model is None:              self.count += 1
        self.model = load(self.path)    if self.count % 1000 == 0:
    ... self.model ...                      self.log(self.count)

Each instance comes to the same values whichever items it gets. What these forms don't show for certain is state.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Set
from types import FunctionType
from typing import Any, NamedTuple

from d4p_compile.analysis.filled import filled_once
from d4p_compile.analysis.mentions import Method, is_log, quiet
from d4p_compile.analysis.scratch import set_before_it_is_read
from d4p_compile.analysis.source import Unreadable, read
from d4p_compile.analysis.tables import table

_FORMATS = (ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.Tuple, ast.UnaryOp)
_TESTS = (ast.Compare, ast.BinOp, ast.BoolOp, ast.UnaryOp)


class Harmless(NamedTuple):
    """Attributes whose assignments keep no state; of those that are `tables`, `setdefault` doesn't either."""

    assigned: Set[str] = frozenset()
    tables: Set[str] = frozenset()


def harmless(functions: Iterable[tuple[FunctionType, bool]], values: dict[str, Any]) -> Harmless:
    """The attributes that change in these functions and keep no state.

    Args:
        functions: all of a PE's that run while items come, and whether each is a method, which has a self.
        values: the attributes that the PE has before.
    """
    try:
        methods = [Method(read(function)) for function, bound in functions if bound and read(function).positional]
    except Unreadable:
        return Harmless()
    if any(method.hands_out_self for method in methods):
        return Harmless()
    stored = {name for method in methods for name in method.changed}
    tables = {name for name in {name for method in methods for name in method.names}
              if table(methods, name, stored, values)}
    return Harmless(tables | {name for name in stored if any(form(methods, name, stored, values) for form in _FORMS)},
                    tables)


# -- only logged ---------------------------------------------------------------------------------------------------
def _only_logged(methods: list[Method], name: str, stored: set[str], values: dict[str, Any]) -> bool:
    """It is a number that is counted up, set back, and looked at to be logged, or to see whether it is to be."""
    logged = any(_is_logged(method, node) for method in methods for node in method.names.get(name, []))
    return logged and type(values.get(name)) in (int, float) and all(
        _counts(methods, method, node, name) or _is_logged(method, node)
        or _decides_on_logs(methods, method, node, name)
        for method in methods for node in method.names.get(name, []))


def _counts(methods: list[Method], method: Method, node: ast.AST, name: str) -> bool:
    """`self.n += 1`, `self.n = 0`, `self.n = self.n + 1`, and the self.n in the last; or something else that is made
    without writing."""
    mention = f"{method.own}.{name}"
    statement = next((each for each in method.above(node) if isinstance(each, ast.stmt)), None)
    if isinstance(statement, ast.AugAssign):
        return ast.unparse(statement.target) == mention and node in (statement.target, statement) and \
            quiet(methods, method, statement.value)
    if not isinstance(statement, ast.Assign) or [ast.unparse(target) for target in statement.targets] != [mention]:
        return False
    value = statement.value
    if isinstance(value, ast.BinOp):
        counted = ast.unparse(value.left) == mention and (node is value.left or node in statement.targets)
        return counted and quiet(methods, method, value.right)
    return isinstance(value, ast.Constant)


def _is_logged(method: Method, node: ast.AST) -> bool:
    made = (each for each in method.above(node) if not isinstance(each, _FORMATS) and not _makes_text(each))
    outer = next(made, None)
    return isinstance(outer, ast.Call) and is_log(method, method.around.get(outer)) and node is not outer.func


def _makes_text(call: ast.AST) -> bool:
    return isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("str", "repr", "format", "round", "int")


def _decides_on_logs(methods: list[Method], method: Method, node: ast.AST, name: str) -> bool:
    """It stands in the test of an `if` in which there are logs, and the number is set back, and no more."""
    outer = next((each for each in method.above(node) if not isinstance(each, _TESTS)), None)
    return isinstance(outer, ast.If) and all(
        is_log(method, part) or isinstance(part, ast.Pass) or _sets_back(methods, method, part, name)
        for part in [*outer.body, *outer.orelse])


def _sets_back(methods: list[Method], method: Method, statement: ast.stmt, name: str) -> bool:
    return isinstance(statement, ast.Assign) and _counts(methods, method, statement.targets[0], name)


_Form = Callable[[list[Method], str, set[str], dict[str, Any]], bool]
_FORMS: tuple[_Form, ...] = (set_before_it_is_read, filled_once, _only_logged)
