"""All operations of a class that may keep state, collected once per class from the methods that run per item."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Set
from dataclasses import dataclass
from types import FunctionType

from d4p_compile.analysis.callsites import arguments
from d4p_compile.analysis.methods import MethodTable, table_of
from d4p_compile.analysis.one_file import one_file
from d4p_compile.analysis.refs import SELF, Op, Ref, Root, Trace
from d4p_compile.analysis.setup_types import assigned_types
from d4p_compile.analysis.source import Unreadable, read
from d4p_compile.analysis.walker import FunctionWalker

PREPROCESS = ("preprocess", "_preprocess")
SETUP = PREPROCESS + (
    "__init__", "__new__", "__init_subclass__", "__class_getitem__", "__set_name__", "__getstate__", "__setstate__",
    "__reduce__", "__reduce_ex__", "__copy__", "__deepcopy__", "__del__", "setInputTypes", "getOutputTypes",
    "set_input_types", "get_output_types", "_add_input", "_add_output", "add_input", "add_output",
)  # fmt: skip
"""Methods that run before the first item or outside of the run."""
RUNTIME = ("process", "_process", "process_batch", "postprocess", "_postprocess", "write", "_write")
"""Methods the engine calls, whoever else does."""
WRITES = ("write", "_write")


@dataclass(frozen=True, eq=False)
class ClassOps:
    """What a class does per item; `types`: what preprocess assigns to attributes (None where it can't be told).
    `functions` are those that run per item, and whether each is a method, which has a self."""

    ops: tuple[Op, ...]
    types: dict[str, frozenset[type | None]]
    table: MethodTable
    functions: tuple[tuple[FunctionType, bool], ...]


Override = tuple[str, FunctionType, bool]
"""An attribute of an object in the place of a method: its name, function, and whether self is its first argument."""

_tables: dict[type, MethodTable] = {}
_classes: dict[tuple, ClassOps] = {}
_functions: dict[FunctionType, tuple[Op, ...]] = {}
_EMPTY = MethodTable({}, {}, frozenset(), ())


def methods_of(cls: type) -> MethodTable:
    """The cached method table of a class."""
    if cls not in _tables:
        _tables[cls] = table_of(cls)
    return _tables[cls]


def class_ops(cls: type, entries: tuple[str, ...] | None = None, overrides: tuple[Override, ...] = ()) -> ClassOps:
    """The operations of all methods of `cls` that run per item, or of `entries` and what they call."""
    key = cls, entries, overrides
    if key not in _classes:
        _classes[key] = _collect(methods_of(cls), entries, overrides)
    return _classes[key]


def function_ops(function: FunctionType) -> tuple[Op, ...]:
    """The operations of a function that is no method; its parameters are roots of their own."""
    if function not in _functions:
        source, trace = read(function), Trace()
        env = {name: frozenset([Ref(Root("param", name))]) for name in source.parameters}
        FunctionWalker(source, env, _EMPTY, trace).run()
        trace.ops |= dict.fromkeys(one_file(source))
        _functions[function] = tuple(trace.ops)
    return _functions[function]


def _collect(table: MethodTable, entries: tuple[str, ...] | None, overrides: tuple[Override, ...]) -> ClassOps:
    replaced = {name for name, _, _ in overrides}
    before = Trace()
    before_run = _reach(table, [n for n in PREPROCESS if n in table.functions], before)
    types = assigned_types([f for _, f in before_run])
    trace = Trace()
    for op in [op for op in before.ops if op.kind == "rank"]:
        trace.ops[op] = None
    if (before.mentions | before.super_mentions) & set(WRITES):
        trace.ops[Op("always", None, "", "writes in preprocess", "")] = None
    for _, function, bound in overrides:
        _walk(table, function, trace, bound)
    if entries is None:
        setup = Trace()
        reached = _reach(table, [n for n in SETUP if n in table.functions], setup)
        at_setup = ({name for name, _ in reached} - _taken(table, setup) | set(SETUP)) - set(RUNTIME)
        trace.super_mentions |= setup.super_taken - set(SETUP)
        entries = tuple(n for n in table.functions if n not in at_setup and n not in replaced)
    reached = _reach(table, entries, trace, replaced)
    functions = tuple((function, name not in table.static) for name, function in reached)
    return ClassOps(tuple(trace.ops), types, table, functions)


def _taken(table: MethodTable, setup: Trace) -> set[str]:
    """The methods that setup only mentions (`self.table = {0: self.even}`): they are called while items come."""
    if "*" in setup.taken:
        return set(table.functions)
    found = {name: next((vars(c)[name] for c in table.mro if name in vars(c)), None) for name in setup.taken}
    return {name for name, value in found.items() if not isinstance(value, property | functools.cached_property)}


def _reach(table: MethodTable, start: Iterable[str], trace: Trace, skip: Set[str] = frozenset()) -> list:
    """Walks the methods named `start` and all they mention; returns the (name, function) walked."""
    done: list[tuple[str, FunctionType]] = []
    todo = [(name, f) for name in start for f in table.own(name)]
    while todo:
        for name, function in todo:
            if (name, function) not in done:
                done.append((name, function))
                _walk(table, function, trace, name not in table.static)
        names = [(n, f) for n in sorted(trace.mentions - skip) for f in table.own(n)]
        names += [(n, f) for n in sorted(trace.super_mentions) for f in table.own(n, also_hidden=True)]
        todo = [pair for pair in names if pair not in done]
    return done


def _walk(table: MethodTable, function: FunctionType, trace: Trace, bound: bool) -> None:
    try:
        source = read(function)
    except Unreadable:
        trace.ops.setdefault(Op("always", None, "", f"source of {function.__name__} can't be read", ""))
        return
    env = arguments(source, (frozenset([SELF]),) if bound else (), ())
    FunctionWalker(source, env, table, trace).run()
    own = source.positional[0] if bound and source.positional else ""
    trace.ops |= dict.fromkeys(one_file(source, own))
