"""Copies of a PE: one for each instance, with nothing that another could change."""

from __future__ import annotations

import copy
import copyreg
import datetime
import enum
import functools
import inspect
import numbers
import re
import uuid
import weakref
from pathlib import PurePath
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from d4p.host.imported import imported

_UNCHANGING = (
    type(None), numbers.Number, str, bytes, range, slice, type(Ellipsis), type(NotImplemented), re.Pattern,
    enum.Enum, datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, PurePath, uuid.UUID,
    type, ModuleType, FunctionType, BuiltinFunctionType,
)  # fmt: skip
#: What `copy.deepcopy` copies without asking the object.
_DEEPCOPIED = frozenset({
    type(None), int, float, bool, complex, bytes, str, range, property, type(Ellipsis), type(NotImplemented),
    BuiltinFunctionType, FunctionType, MethodType, CodeType, weakref.ref, list, tuple, dict, set, frozenset,
})  # fmt: skip


def copied(pe: Any, sole: bool = False) -> Any:
    """What `copy.deepcopy` makes of a PE, with its own copies of its class's attributes.

    It is given its attributes one by one where that is the same: Python finds those of an object faster as long as
    nobody has asked for all of them as a dict. The `sole` copy of a PE takes over what can't be copied (`held`).
    """
    cls: type = type(pe)
    memo: dict[int, Any] = {id(value): value for value in held(pe).values()} if sole else {}
    state = _plain_state(pe)
    if state is None:
        mine = copy.deepcopy(pe, memo)
        vars(mine).update(_class_state(cls, vars(mine), memo))
        return mine
    new: Any = cls.__new__
    mine = memo[id(pe)] = new(cls)
    state = copy.deepcopy(state, memo)
    for name, value in (state | _class_state(cls, state, memo)).items():
        object.__setattr__(mine, name, value)
    return mine


def held(pe: Any) -> dict[str, Any]:
    """The attributes of a PE that can't be copied, by name: a lock, an open file, a connection, a generator.

    Those alone which say so themselves; nothing is copied to find out what they hold.
    """
    return {name: value for name, value in vars(pe).items() if not _may_be_copied(value)}


def _may_be_copied(value: Any) -> bool:
    cls: type = type(value)
    if cls in _DEEPCOPIED or cls in copyreg.dispatch_table or isinstance(value, type) or hasattr(cls, "__deepcopy__"):
        return True
    try:
        value.__reduce_ex__(4)
    except Exception:
        return False
    return True


def _plain_state(pe: Any) -> dict[str, Any] | None:
    """The attributes that a copy of `pe` gets, where nothing but those makes it one."""
    cls: type = type(pe)
    if cls in copyreg.dispatch_table or hasattr(cls, "__deepcopy__") or hasattr(cls, "__setstate__"):
        return None
    reduced = pe.__reduce_ex__(4)
    if not isinstance(reduced, tuple) or reduced[:2] != (copyreg.__newobj__, (cls,)):  # type: ignore[attr-defined]
        return None
    state, *more = reduced[2:]
    if type(state) is not dict or any(part is not None for part in more):
        return None
    set_by_class = (hasattr(inspect.getattr_static(cls, str(name), None), "__set__") for name in state)
    return None if any(set_by_class) else state


def _class_state(cls: type, own: dict[str, Any], memo: dict[int, Any]) -> dict[str, Any]:
    """Copies of what can change in the attributes of a PE's class, such as `seen = []` or `total = np.zeros(1)`, but
    for those that the PE has of its `own`.

    Instances in one process would share them, and those in others wouldn't: a list is state of the instance, wherever
    it was written down. What can't be copied stays shared.
    """
    found: dict[str, Any] = {}
    for name, owner in _class_names(cls):
        value = vars(owner).get(name)
        if name in own or never_changes(value):
            continue
        tried = dict(memo)
        try:
            mine = copy.deepcopy(value, tried)
        except Exception:  # a lock, a connection, an open file
            continue
        memo.update(tried)
        memo.setdefault(id(memo), []).append(tried)  # an id in a memo must not be given to another object
        if mine is not value:
            found[name] = mine
    return found


@functools.cache
def _class_names(cls: type) -> tuple[tuple[str, type], ...]:
    """The attributes of a class, below d4p's own, that are values of its own; each with the class that has it."""
    owners = {name: owner for owner in reversed(cls.__mro__) for name in vars(owner)}
    return tuple((name, owner) for name, owner in owners.items() if _is_of_user(name, owner))


def _is_of_user(name: str, owner: type) -> bool:
    if owner is object or owner.__module__.split(".")[0] == "d4p" or name.startswith(("__", "_abc_")):
        return False
    value = vars(owner)[name]
    return not hasattr(type(value), "__get__") and not isinstance(value, (type, ModuleType))


def never_changes(value: Any) -> bool:
    """Whether a value is the same for good, so that it needs no copy."""
    if isinstance(value, (tuple, frozenset)):
        return all(map(never_changes, value))
    return isinstance(value, _UNCHANGING) or type(value) is object or _is_logger(value)


def _is_logger(value: Any) -> bool:
    logging = imported("logging")
    return logging is not None and isinstance(value, logging.Logger)
