"""The types of what preprocess assigns to attributes of self: at compile time the values aren't there yet."""

from __future__ import annotations

import ast
import csv
import importlib.util
import io
import logging
import queue
import re
import sys
import threading
import types
from collections.abc import Iterable, Sized
from types import FunctionType
from typing import Any

from d4p_compile.analysis import arrays
from d4p_compile.analysis.origin import is_d4p, is_user
from d4p_compile.analysis.source import Function, Unreadable, read

_DISPLAYS: dict[type, type] = {
    ast.List: list, ast.ListComp: list, ast.Dict: dict, ast.DictComp: dict, ast.Set: set, ast.SetComp: set,
    ast.Tuple: tuple, ast.JoinedStr: str, ast.GeneratorExp: types.GeneratorType, ast.Lambda: FunctionType,
    ast.Compare: bool,
}  # fmt: skip

_OPENERS = ("open", "urlopen", "fdopen", "NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile", "popen")
_QUEUES = ("Queue", "SimpleQueue", "JoinableQueue")  # of multiprocessing, where these are functions
_BRINGS_ANYTHING = ("builtins", "pickle", "_pickle", "cloudpickle", "dill", "joblib", "copy", "functools", "_functools",
                    "itertools", "operator", "_operator", "importlib")  # fmt: skip
_PICKLES = ("pickle", "cloudpickle", "dill", "joblib")


class LibraryResult:
    """Stands for the type of what a library's function returns: its own object, a container, an iterator."""


def assigned_types(functions: Iterable[FunctionType]) -> dict[str, frozenset[type | None]]:
    """attribute -> the types that `functions` assign to it; None among them where one can't be told."""
    found: dict[str, set[type | None]] = {}
    for function in functions:
        try:
            source = read(function)
        except Unreadable:
            continue
        for name, value in _assignments(source):
            found.setdefault(name, set()).add(type_of(value, source))
    return {name: frozenset(types_) for name, types_ in found.items()}


def _assignments(source: Function) -> Iterable[tuple[str, ast.expr | None]]:
    """(attribute, assigned expression or None) of each assignment to an attribute of self."""
    first = source.positional[0] if source.positional else ""
    for node in ast.walk(source.node):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets, value = [node.target], node.value
        elif isinstance(node, ast.For | ast.AsyncFor):
            targets, value = [ast.Tuple([node.target])], None
        elif isinstance(node, ast.withitem) and node.optional_vars:
            targets, value = [node.optional_vars], node.context_expr
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Attribute):
                if isinstance(target.value, ast.Name) and target.value.id == first:
                    yield target.attr, value
                continue
            for part in ast.walk(target) if isinstance(target, ast.Tuple | ast.List) else ():
                if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == first:
                    yield part.attr, None


def type_of(value: ast.expr | None, source: Function) -> type | None:
    """The type of what an expression of a function gives, None where it can't be told."""
    if isinstance(value, ast.Constant):
        return type(value.value)
    if type(value) in _DISPLAYS:
        return _DISPLAYS[type(value)]
    if not isinstance(value, ast.Call):
        return None
    called = _resolve(value.func, source)
    if isinstance(called, type):
        return called
    if called is re.compile:
        return re.Pattern
    if called is logging.getLogger:
        return logging.Logger
    if called is not None and called is arrays.named("random.default_rng"):
        return arrays.named("random.Generator")
    if isinstance(value.func, ast.Attribute) and (getattr(called, "__module__", None) or "").startswith("numpy"):
        return arrays.named("ndarray")
    if getattr(called, "__name__", None) in _OPENERS:
        return io.IOBase
    if called in (threading.Lock, threading.RLock):
        return type(called())
    if getattr(called, "__name__", None) in _QUEUES:
        return queue.Queue
    if called in (csv.reader, csv.writer):
        return type(csv.reader(()))
    if _is_library_function(called) or _is_loaded(called):
        return LibraryResult
    return str if isinstance(value.func, ast.Attribute) and value.func.attr in ("format", "join", "strip") else None


def _is_library_function(called: Any) -> bool:
    """Not a builtin, and nothing that brings back or calls objects of the user's."""
    module = (getattr(called, "__module__", None) or "builtins").split(".")[0]
    return callable(called) and not is_user(called) and not is_d4p(called) and module not in _BRINGS_ANYTHING


def _is_loaded(called: Any) -> bool:
    """It reads what was pickled into a file, a model: like a library's object, which `predict` doesn't change."""
    module = (getattr(called, "__module__", None) or "").split(".")[0].lstrip("_")
    return module in _PICKLES and getattr(called, "__name__", "") == "load"


def _imported(module: str, name: str) -> Any:
    """A name that a method imports; of a library that isn't loaded yet, a class stands for each of its classes."""
    if module in sys.modules:
        return getattr(sys.modules[module], name, None)
    spec = importlib.util.find_spec(module.split(".")[0]) if module else None
    installed = spec is not None and spec.origin is not None and "-packages" in spec.origin
    return Sized if installed and name[:1].isupper() else None


def _resolve(node: ast.expr, source: Function) -> Any:
    """The value of a (dotted) name as the method sees it; imports inside the method are looked up if loaded."""
    if isinstance(node, ast.Name):
        for part in ast.walk(source.node):
            if isinstance(part, ast.Import | ast.ImportFrom):
                for alias in part.names:
                    if (alias.asname or alias.name) == node.id:
                        if isinstance(part, ast.Import):
                            return sys.modules.get(alias.name)
                        return _imported(part.module or "", alias.name) if not part.level else None
        builtin = source.globals.get("__builtins__", {})
        builtin = builtin if isinstance(builtin, dict) else vars(builtin)
        for names in (source.closure, source.globals, builtin):
            if node.id in names:
                return names[node.id]
    elif isinstance(node, ast.Attribute):
        base = _resolve(node.value, source)
        if isinstance(base, types.ModuleType | type):
            return getattr(base, node.attr, None)
    return None
