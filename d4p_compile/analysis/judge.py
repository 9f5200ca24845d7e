"""Deciding whether an operation keeps state, by the value it works on in the object at hand."""

from __future__ import annotations

import functools
import types
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from d4p_compile.analysis import known
from d4p_compile.analysis.classes import class_ops, function_ops, methods_of
from d4p_compile.analysis.origin import is_user
from d4p_compile.analysis.refs import Op
from d4p_compile.analysis.source import Unreadable, plain_functions
from d4p_compile.analysis.values import UNSET, Frame, Known, of, values

MAX_DEPTH = 4
_DOUBTFUL = ("unknown", "result")
_UNKNOWN = ": what it does isn't known before the run"
_DOUBT = ", a library's method that may keep something"
_OPERATORS = "add sub mul matmul truediv floordiv mod pow lshift rshift and or xor"
_INPLACE = tuple(f"__i{name}__" for name in _OPERATORS.split())


def first_reason(ops: Iterable[Op], frame: Frame) -> str | None:
    """The first operation that keeps state, as a phrase; None if none does."""
    for op in ops:
        why = judge(op, frame)
        if why is not None:
            return f"{op}{why}".strip()
    return None


def judge(op: Op, frame: Frame) -> str | None:
    """None if `op` keeps no state, else "" or what to add to its description."""
    if op.kind in ("always", "rank"):
        return ""
    certain = all(kind in ("attr", "in") for kind, _ in op.on.steps)
    if op.kind == "store" and certain and op.on.root.kind != "param":
        return ""
    return _RULES[op.kind](op, values(op.on, frame), frame)


# -- the rules, one per kind of operation --------------------------------------------------------------------------
def _is_inside(op: Op) -> bool:
    return any(kind != "attr" for kind, _ in op.on.steps)


def _store(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    return "" if any(not k.fresh for k in candidates) else None


def _aug(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    for k in candidates:
        if not k.fresh and (not _is_inside(op) if k.kind in _DOUBTFUL else any(hasattr(k.type, n) for n in _INPLACE)):
            return ""
    return None


def _call(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    if op.on.root.kind != "param" and not candidates and op.name in known.MUTATORS:
        return ""
    for k in candidates:
        why = None if k.fresh else _call_on(op.name, k, frame, _is_inside(op))
        if why is not None:
            return why
    return None


def _call_on(name: str, k: Known, frame: Frame, inside: bool = False) -> str | None:
    """A method called on what is known of an object: every doubt is state, but for names and types known to read."""
    if k.kind == "unknown":
        if name in known.MUTATORS:
            return ""
        return None if name in known.READERS or inside and known.reads(name) else _UNKNOWN
    if k.kind == "result":
        if name in known.MUTATORS:
            return ""
        return None if known.reads(name) and name not in known.MOVES_A_FILE else _DOUBT
    if k.kind == "stream":
        return f" ({_article(k)} moves on)"
    if k.kind == "user":
        return _method_of_user(k, name, frame)
    if k.kind == "container":
        return "" if name in known.MUTATORS else None
    if k.kind != "library":
        return None
    if name in known.MUTATORS:
        return ""
    return None if known.reads_of(k.cls, name) else _DOUBT


def _method_of_user(k: Known, name: str, frame: Frame) -> str | None:
    """A method of an object of the user's own class: read like a PE's."""
    if name in getattr(k.value, "__dict__", {}):
        return _invoke_one(of(k.value.__dict__[name]), frame)
    if not methods_of(k.cls).own(name):
        if name in known.MUTATORS and hasattr(k.type, name):
            return ""
        return None if hasattr(k.type, name) or name.startswith("__") else ", which can't be read"
    if frame.depth >= MAX_DEPTH:
        return ", which is too deep to follow"
    ops = class_ops(k.cls, (name,))
    why = first_reason(ops.ops, Frame(k.value, ops.types, depth=frame.depth + 1))
    return None if why is None else f", which {why}"


def _invoke(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    for k in candidates:
        why = _invoke_one(k, frame)
        if why is not None:
            return why
    return None


def _invoke_one(k: Known, frame: Frame) -> str | None:
    if k.value is not UNSET:
        return callable_reason(k.value, frame)
    if k.kind == "user":
        return _method_of_user(k, "__call__", frame)
    if k.kind in ("harmless", "container"):
        return None
    return None if k.kind == "library" and known.is_harmless_to_call(k.cls) else _UNKNOWN


def callable_reason(value: Any, frame: Frame, args: tuple = (), keywords: dict[str, Any] | None = None) -> str | None:
    """What to add if calling `value`, of which `args` and `keywords` are already given, keeps state; else None."""
    keywords = keywords or {}
    if frame.depth >= MAX_DEPTH:
        return ", which is too deep to follow"
    deeper = Frame(frame.obj, frame.types, frame.params, frame.depth + 1)
    if isinstance(value, functools.partial):
        return callable_reason(value.func, deeper, value.args + args, {**value.keywords, **keywords})
    if generator := known.draws_from(value):
        return f", which draws from the global generator {generator}"
    if isinstance(value, types.MethodType):
        if value.__self__ is frame.obj:
            return None  # a method of the object, which is read anyway
        if is_user(type(value.__self__)) and not args and not keywords:
            return _method_of_user(of(value.__self__), value.__func__.__name__, deeper)
        if known.is_bound(value) and not is_user(value.__func__):
            return _call_on(value.__name__, of(value.__self__), deeper)
        return callable_reason(value.__func__, deeper, (value.__self__, *args), keywords)
    if known.is_bound(value):
        return _call_on(value.__name__, of(value.__self__), deeper)
    if not is_user(value) and (why := _given(value, args, keywords, deeper)) is not None:
        return why
    if isinstance(value, type) or value is None:
        return None
    functions = [f for f in plain_functions(value) if is_user(f)]
    for function in functions:
        try:
            ops = function_ops(function)
        except Unreadable as error:
            return f": {error}"
        code = function.__code__
        bound = dict(zip(code.co_varnames[: code.co_argcount], args, strict=False)) | keywords
        why = first_reason(ops, Frame(params=_defaults(function) | bound, depth=deeper.depth))
        if why is not None:
            return f", which {why}"
    if known.kind_of(type(value)) == "user":
        return _method_of_user(of(value), "__call__", deeper)
    return None if functions or known.is_function_like(value) or known.is_harmless_to_call(type(value)) else _UNKNOWN


def _given(value: Any, args: tuple, keywords: dict[str, Any], frame: Frame) -> str | None:
    """What a library's function does to arguments it is already given, as in `partial(next, self.ids)`."""
    name = known.builtin_name(value)
    changed = known.changed_positions(value, len(args))
    for i, k in enumerate([of(v) for v in (*args, *keywords.values())]):
        if i in changed or k.kind == "stream" or name == "next" and k.kind == "user":
            return f", which changes {_article(k)}"
        if k.kind == "callable" and (why := _invoke_one(k, frame)) is not None:
            return why
    return None


def _defaults(function: types.FunctionType) -> dict[str, Any]:
    code, given = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    return dict(zip(names[len(names) - len(given) :], given, strict=True)) | (function.__kwdefaults__ or {})


def _pass(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    for k in candidates:
        if k.fresh:
            continue
        if k.kind == "callable":
            why = _invoke_one(k, frame)
            if why is not None:
                return why
        elif k.kind in ("container", "stream", "user") or k.kind in _DOUBTFUL and not _is_inside(op):
            return ""
    return None


def _lend(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    for k in candidates:
        if k.kind == "stream":
            return f" ({_article(k)} moves on)"
        if k.kind == "callable" and (why := _invoke_one(k, frame)) is not None:
            return why
    return None


def _iter(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    for k in candidates:
        if k.kind == "stream":
            return f" ({_article(k)} moves on)"
        if k.kind in _DOUBTFUL and not _is_inside(op):
            return ", which may be an iterator"
        for name in ("__iter__", "__next__") if k.kind == "user" else ():  # an iterator's __iter__ gives itself
            if (why := _method_of_user(k, name, frame)) is not None:
                return why
    return None


def _next(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    return "" if any(k.kind in ("stream", "user", *_DOUBTFUL) for k in candidates) else None


def _contains(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    return "" if any(k.kind == "stream" for k in candidates) else None


def _getitem(op: Op, candidates: list[Known], frame: Frame) -> str | None:
    for k in candidates:
        if k.type is not None and issubclass(k.type, defaultdict) and not k.fresh:
            if k.value is UNSET or k.value.default_factory is not None:
                return ", a defaultdict: a missing key is added"
        if k.kind == "user" and (why := _method_of_user(k, "__getitem__", frame)) is not None:
            return why
    return None


def _article(k: Known) -> str:
    return "it" if k.type is None else f"{'an' if k.type.__name__[0] in 'aeiouAEIOU' else 'a'} {k.type.__name__}"


_RULES = {
    "store": _store, "aug": _aug, "call": _call, "invoke": _invoke, "pass": _pass, "lend": _lend, "iter": _iter,
    "next": _next, "contains": _contains, "getitem": _getitem,
}  # fmt: skip
