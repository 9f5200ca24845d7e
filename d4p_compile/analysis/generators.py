"""Items that are still to be made: generators that a PE returns or writes, where each of their items was meant.

A generator is no item: it can't be copied, nor go to another process, and handed to the next PE of a stage it would be
one item there and an error elsewhere. Read where it is written, so that no hop has to look at what it is given; what
can't be read is noticed where it leaves a stage.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from d4p_compile.analysis.calls import WRITES
from d4p_compile.analysis.origin import is_user
from d4p_compile.analysis.source import Function, Unreadable, read

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def returned(function: Any, pe: Any) -> ast.expr | None:
    """The first expression that a function returns, or has in what it returns, that gives a generator, by itself or
    since it calls a function of the user's own that returns one."""
    return _returned(function, pe, frozenset())


def _returned(function: Any, pe: Any, calling: frozenset[Any]) -> ast.expr | None:
    """The same, where the functions `calling` it are being read already."""
    source = _source(function)
    if source is None:
        return None
    values = (node.value for node in _own(source.body) if isinstance(node, ast.Return) and node.value)
    return _first(values, source, pe, calling)


def written(function: Any, pe: Any) -> ast.expr | None:
    """The first expression that a method hands to `self.write`, or has in what it hands on, that gives a generator."""
    source = _source(function)
    if source is None or not source.positional:
        return None
    return _first(_handed_over(source), source, pe)


def _source(function: Any) -> Function | None:
    function = getattr(function, "__func__", function)
    try:
        return read(function) if isinstance(function, FunctionType) else None
    except Unreadable:
        return None


def _own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a function, without those of functions and classes in it."""
    for node in body:
        yield node
        if not isinstance(node, _SCOPES):
            yield from _own(ast.iter_child_nodes(node))


def _handed_over(source: Function) -> Iterator[ast.expr]:
    for node in _own(source.body):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            if isinstance(node.func.value, ast.Name) and node.func.value.id == source.positional[0]:
                yield from node.args[1:]
                yield from (keyword.value for keyword in node.keywords)


def _first(values: Iterable[ast.expr], source: Function, pe: Any,
           calling: frozenset[Any] = frozenset()) -> ast.expr | None:
    assigned = _assigned(source)
    parts = (part for value in values for part in _parts(value, assigned, frozenset()))
    return next((part for part in parts if _is_generator(part, source, assigned, pe, calling)), None)


def _assigned(source: Function) -> dict[str, list[ast.expr | None]]:
    """The expressions that each of the function's own names stands for; None for what isn't just assigned."""
    found: dict[str, list[ast.expr | None]] = {name: [None] for name in source.parameters}
    for node in _own(source.body):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.setdefault(node.id, []).append(None)
    for node in _own(source.body):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id].remove(None)
                    found[target.id].append(node.value)
    return found


def _parts(value: ast.expr, assigned: dict, seen: frozenset[str]) -> Iterator[ast.expr]:
    """An expression, and what a tuple, list or dict has in it that is written there."""
    if isinstance(value, ast.Tuple | ast.List):
        inner = value.elts
    elif isinstance(value, ast.Dict):
        inner = value.values
    elif isinstance(value, ast.IfExp):
        inner = [value.body, value.orelse]
    elif isinstance(value, ast.Name) and value.id in assigned and value.id not in seen:
        given = assigned[value.id]
        inner = given if len(given) == 1 and given[0] is not None else []  # else it may be another by then
        seen |= {value.id}
    else:
        yield value
        return
    for part in inner:
        yield from _parts(part, assigned, seen)


def _is_generator(value: ast.expr, source: Function, assigned: dict, pe: Any, calling: frozenset[Any]) -> bool:
    if isinstance(value, ast.GeneratorExp):
        return True
    called = _known(value.func, source, assigned, pe) if isinstance(value, ast.Call) else None
    if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
        return True
    if not isinstance(called, FunctionType) or called in calling or not is_user(called):
        return False
    is_method = getattr(type(pe), called.__name__, None) is called  # its first argument is the PE, too
    return _returned(called, pe if is_method else None, calling | {called}) is not None


def _known(name: ast.expr, source: Function, assigned: dict, pe: Any) -> Any:
    """What a name, an attribute of a module, or one of the PE's methods stands for; None where that can't be told."""
    if isinstance(name, ast.Name):
        return None if name.id in assigned else {**source.globals, **source.closure}.get(name.id)
    if not isinstance(name, ast.Attribute):
        return None
    if isinstance(name.value, ast.Name) and name.value.id in source.positional[:1]:
        found = inspect.getattr_static(pe, name.attr, None)
        return getattr(found, "__func__", found)
    owner = _known(name.value, source, assigned, pe)
    return getattr(owner, name.attr, None) if isinstance(owner, ModuleType) else None
