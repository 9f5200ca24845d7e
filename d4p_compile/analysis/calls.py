"""How a PE may be called, and whether it may write while it is: what the generator of code asks.

Every doubt is answered with the general form: it may write, and it is called as `process({port: item})`.
"""

from __future__ import annotations

import ast
import functools
import inspect
from types import FunctionType, MethodType
from typing import Any

from d4p.graph.base import ConsumerPE, IterativePE, ProducerPE, SimpleFunctionPE
from d4p.graph.core import GenericPE
from d4p_compile.analysis.classes import methods_of
from d4p_compile.analysis.methods import is_plain_function
from d4p_compile.analysis.origin import is_d4p, is_user
from d4p_compile.analysis.source import Unreadable, plain_functions, read

WRITES = ("write", "_write")
SAFE_WITH_SELF = frozenset("super isinstance type id repr str print hasattr len hash callable bool vars".split())
#: What `write` takes in any case; only d4p's own takes more, and only where it is asked to.
PARAMETERS = ("name", "data")
_classes: dict[tuple[type, bool], bool] = {}


def call_style(pe: Any) -> str:
    """The way to hand an item to `pe`, by what its `process` is.

    "iterative": `_process(item)`, a result that is not None is the item of port OUTPUT_NAME; "consumer":
    `_process(item)`, the result is ignored; "producer": `_process(inputs)`, the result as for iterative; "inputs":
    `_process({port: item})`; "process": `process({port: item})`.
    """
    if "process" in vars(pe):
        return "process"
    process = type(pe).process
    if process is IterativePE.process:
        return "iterative"
    if process is ConsumerPE.process:
        return "consumer"
    if process is ProducerPE.process and _takes_an_argument(pe._process):
        return "producer"
    return "inputs" if process is GenericPE.process else "process"


def _takes_an_argument(method: Any) -> bool:
    try:
        inspect.signature(method).bind({})
    except (TypeError, ValueError):
        return False
    return True


def overrides_write(pe: Any) -> bool:
    """Is `write` or `_write` anything but d4p's own, on the class or on the object?"""
    return any(name in vars(pe) or not is_plain_function(getattr(type(pe), name, None)) for name in WRITES)


def may_write(pe: Any) -> bool:
    """May `pe` write while it is called (besides what it returns)? True on any doubt."""
    try:
        return _class_writes(type(pe)) or _object_writes(pe)
    except Exception:  # a class that can't be looked at may do anything
        return True


def writes_keywords(pe: Any) -> bool:
    """May anybody call `pe.write` with more than a port and an item? True on any doubt."""
    try:
        return _class_writes(type(pe), more=True) or _object_writes(pe, more=True)
    except Exception:
        return True


def _class_writes(cls: type, more: bool = False) -> bool:
    """Does a class write; with `more`, does it so with more than a port and an item?"""
    if (cls, more) not in _classes:
        table = methods_of(cls)
        functions = [f for name in table.every for f in table.own(name, also_hidden=True)]
        unread = bool(table.bound) or any(not table.functions.get(name) for name in ("process", "_process"))
        written = (_function_writes(f, cls, f.__name__ in table.static, more) for f in functions)
        _classes[cls, more] = unread or any(written)
    return _classes[cls, more]


def _function_writes(function: FunctionType, cls: type, static: bool = False, more: bool = False) -> bool:
    """Does a method mention `self.write` (with `more`, but for plain calls of it), or let self out of sight?"""
    try:
        source = read(function)
    except Unreadable:
        return True
    if static:
        return False
    args = source.node.args
    first = source.positional[0] if source.positional else args.vararg.arg if args.vararg else ""
    parents = {child: node for node in ast.walk(source.node) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(source.node):
        if isinstance(node, ast.Attribute) and node.attr in WRITES and _may_be_self(node.value, first):
            if not (more and _is_plain_call(parents.get(node), node)):
                return True
        if isinstance(node, ast.Name) and node.id == first and isinstance(node.ctx, ast.Load):
            if not _stays_in_sight(node, parents, source.globals, cls):
                return True
    return False


def _is_plain_call(call: ast.AST | None, function: ast.expr) -> bool:
    """Is it `function(port, item)`?"""
    if not isinstance(call, ast.Call) or call.func is not function:
        return False
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    return not starred and all(keyword.arg in PARAMETERS for keyword in call.keywords)


def _may_be_self(node: ast.expr, first: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == first
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "super"
    return False


def _stays_in_sight(node: ast.Name, parents: dict, names: dict[str, Any], cls: type) -> bool:
    """Can't this use of the name self write? `self.x`, `isinstance(self, ...)`, `Base.method(self)`?"""
    parent = parents.get(node)
    if isinstance(parent, ast.Attribute):
        return parent.attr != "__getattribute__"
    if isinstance(parent, ast.FormattedValue | ast.Compare):
        return True
    if not isinstance(parent, ast.Call) or node not in parent.args:
        return False
    func = parent.func
    if isinstance(func, ast.Name) and func.id in ("getattr", "setattr", "delattr"):
        name = parent.args[1] if len(parent.args) > 1 else None
        return isinstance(name, ast.Constant) and name.value not in WRITES
    if isinstance(func, ast.Name):
        return func.id in SAFE_WITH_SELF and func.id not in names
    if isinstance(func, ast.Attribute) and func.attr not in WRITES:
        owner = _owner(func.value, names)
        return isinstance(owner, type) and owner in cls.__mro__ and not owner.__module__.startswith("builtins")
    return False


def _owner(node: ast.expr, names: dict[str, Any]) -> Any:
    """The class that a (dotted) name stands for in `Base.method(self)`."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    return getattr(_owner(node.value, names), node.attr, None) if isinstance(node, ast.Attribute) else None


def _object_writes(pe: Any, more: bool = False) -> bool:
    """May something on the object itself write: an override, a bound method kept on it, an object that knows it?"""
    methods = methods_of(type(pe)).functions
    for name, value in vars(pe).items():
        if isinstance(value, MethodType) and value.__self__ is pe:
            if is_plain_function(value.__func__) and value.__name__ not in WRITES:
                continue
            if name in WRITES or value.__name__ in WRITES:
                return True
            if any(_function_writes(f, type(pe), more=more) for f in plain_functions(value)):
                return True
        elif name in methods:
            if not isinstance(value, FunctionType) or _knows(value, pe) or not _readable(value):
                return True
        elif _knows(value, pe):
            return True
    return isinstance(pe, SimpleFunctionPE) and any(_knows(v, pe) for v in pe.params.values())


def _readable(function: FunctionType) -> bool:
    try:
        read(function)
    except Unreadable:
        return False
    return True


def _knows(value: Any, pe: Any) -> bool:
    """Can `value`, when called, get at the PE: by closure, global name, partial argument or attribute?"""
    if value is pe:
        return True
    if isinstance(value, MethodType):
        return _knows(value.__self__, pe) or _knows(value.__func__, pe)
    if isinstance(value, functools.partial):
        return any(_knows(v, pe) for v in (value.func, *value.args, *value.keywords.values()))
    if isinstance(value, FunctionType):
        return any(held is pe or _is_method_of(held, pe) for held in _outside(value))
    if is_user(type(value)) and not is_d4p(type(value)):
        return any(held is pe or _is_method_of(held, pe) for held in getattr(value, "__dict__", {}).values())
    return False


def _outside(function: FunctionType) -> list[Any]:
    """The values a function sees from outside: its closure, the globals it names, its defaults."""
    names = function.__code__.co_names
    found = [function.__globals__[n] for n in names if n in function.__globals__]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:
            continue
    return found + list(function.__defaults__ or ()) + list((function.__kwdefaults__ or {}).values())


def _is_method_of(value: Any, pe: Any) -> bool:
    return isinstance(value, MethodType) and value.__self__ is pe
