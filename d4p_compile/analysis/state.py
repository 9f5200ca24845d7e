"""Does a PE keep state between items? Found by reading its class and looking at the object's own values.

A PE that keeps state must not be given more instances silently, so every doubt counts as state, and the reason is
for the plan to print; the author's `stateful = False` settles it.
"""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import Any

from d4p.frozen import dataclass
from d4p.graph.base import SimpleFunctionPE
from d4p_compile.analysis.classes import PREPROCESS, RUNTIME, ClassOps, Override, class_ops, methods_of
from d4p_compile.analysis.harmless import Harmless, harmless
from d4p_compile.analysis.judge import Frame, callable_reason, first_reason
from d4p_compile.analysis.methods import is_plain_function
from d4p_compile.analysis.refs import Op
from d4p_compile.analysis.setup_types import assigned_types
from d4p_compile.analysis.source import plain_functions


@dataclass(frozen=True)
class State:
    """Whether a PE keeps state between items, and why, as a short phrase for the plan."""

    keeps: bool
    why: str


def state_of(pe: Any) -> State:
    """Whether `pe` keeps state from one item to the next. Never raises: what can't be analysed counts as state.

    >>> from d4p import IterativePE
    >>> state_of(IterativePE())
    State(keeps=False, why='no state found')
    """
    declared = getattr(pe, "stateful", None)
    if declared is not None:
        return State(bool(declared), f"declared stateful = {bool(declared)}")
    try:
        why = _reason(pe)
    except Exception as error:  # whatever the class does to its readers: the doubt is printed, not hidden
        return State(True, f"the class can't be analysed ({type(error).__name__}: {error})")
    return State(why is not None, why or "no state found")


def _reason(pe: Any) -> str | None:
    cls = type(pe)
    for name in ("postprocess", "_postprocess"):
        if name in vars(pe) or not is_plain_function(getattr(cls, name, None)):
            return f"overrides {name}"
    for base in (dict, list, set):
        if isinstance(pe, base):
            return f"is a {base.__name__}"
    for name in RUNTIME:
        if name in methods_of(cls).bound and name not in vars(pe):
            return f"calls self.{name}, an object that is given the PE"
    overrides, others = _overrides(pe)
    for name, function, _ in overrides:  # these may know the PE by another name than self
        names = function.__code__.co_names
        if name in PREPROCESS and ("write" in names or "_write" in names):
            return "writes in preprocess"
        if "rank" in names:
            return "reads self.rank"
    found = class_ops(cls, None, overrides)
    frame = Frame(pe, found.types)
    why = first_reason(found.ops, frame)
    if why is not None and not overrides:
        why = _but_for_harmless(pe, found)
    if why is not None:
        return why
    for name, value in others:
        why = callable_reason(value, frame)
        if why is not None:
            return f"calls self.{name}{why}"
    if isinstance(pe, SimpleFunctionPE) and is_plain_function(cls._process) and "_process" not in vars(pe):
        why = callable_reason(pe.compute_fn, frame, (), pe.params)
        return None if why is None else f"calls {_name(pe.compute_fn)}{why}"
    return None


def kept_elsewhere(pe: Any) -> str:
    """What a PE keeps that is no attribute of its own (a module's global, a generator that all draw from), as a phrase;
    "" where nothing was found."""
    try:
        overrides, _ = _overrides(pe)
        found = class_ops(type(pe), None, overrides)
        of_others = (op for op in found.ops if op.ref is not None and op.on.root.kind == "value")
        return first_reason(of_others, Frame(pe, found.types)) or ""
    except Exception:
        return ""  # nothing can be told of it


def _but_for_harmless(pe: Any, found: ClassOps) -> str | None:
    """A reason other than assignments to attributes that change no answer. What is filled later may be whatever it is
    filled with."""
    known = harmless(found.functions, vars(pe))
    names = known.assigned
    later = assigned_types(function for function, _ in found.functions)
    types = {**found.types, **{name: found.types.get(name, frozenset()) | later[name] for name in names & set(later)}}
    return first_reason((op for op in found.ops if not _changes(op, known)), Frame(pe, types))


def _changes(op: Op, known: Harmless) -> bool:
    """Whether an operation does no more than to assign an attribute of self that may change, or an item of it."""
    if op.kind == "always":
        return op.name in known.assigned
    fills = op.kind == "call" and op.name == "setdefault"
    names = known.assigned if op.kind == "store" else known.tables if fills else ()
    return any(op.on.root.kind == "self" and op.on.steps == (("attr", name),) for name in names)


def _overrides(pe: Any) -> tuple[tuple[Override, ...], list[tuple[str, Any]]]:
    """What the object has in the place of methods: functions to be read, and other callables."""
    methods = methods_of(type(pe)).functions
    functions: list[Override] = []
    others: list[tuple[str, Any]] = []
    for name, value in vars(pe).items():
        if name not in methods:
            continue
        bound = isinstance(value, MethodType) and value.__self__ is pe
        if bound or isinstance(value, FunctionType):
            functions += [(name, f, bound) for f in plain_functions(value) if not is_plain_function(f)]
        elif callable(value):
            others.append((name, value))
    for name in ("process", "_process", "write"):  # put on the class, but no function: a callable object, a partial
        value = getattr(type(pe), name, None)
        if name not in vars(pe) and name not in methods:
            others.append((name, value))
    return tuple(functions), others


def _name(function: Any) -> str:
    while not hasattr(function, "__name__") and hasattr(function, "func"):
        function = function.func
    return getattr(function, "__name__", type(function).__name__)
