"""What a reference stands for in the object at hand: its values now, or the types preprocess will assign."""

from __future__ import annotations

import array
import inspect
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Sized
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from d4p_compile.analysis import arrays, known
from d4p_compile.analysis.globals import FilledLater
from d4p_compile.analysis.refs import Ref
from d4p_compile.analysis.setup_types import LibraryResult

ITEMS_LOOKED_AT = 100
_METHODS = (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
            classmethod, type)  # fmt: skip
_FILLED_LATER = (list, dict, set, deque, defaultdict, OrderedDict)
_FRESH_SLICES = (list, tuple, str, bytes, bytearray, deque, array.array, range)


class _Unset:
    """Stands for a value that isn't there yet, or can't be known."""

    def __repr__(self) -> str:
        return "unknown"


UNSET: Any = _Unset()


@dataclass(frozen=True, eq=False)
class Known:
    """A candidate for what a reference stands for: a value, only its type, or neither; `fresh` if newly made.

    `kind` is that of `known.kind_of`, or "unknown", or "result": of a library's function, some object of its own.
    """

    value: Any = UNSET
    type: type | None = None
    fresh: bool = False

    @property
    def cls(self) -> Any:
        """The type, where it is known."""
        assert self.type is not None
        return self.type

    @property
    def kind(self) -> str:
        if self.type is LibraryResult:
            return "result"
        return "unknown" if self.type is None else known.kind_of(self.type)


@dataclass(frozen=True, eq=False)
class Frame:
    """The object whose method is judged, what preprocess will assign, and the parameters of a function."""

    obj: Any = UNSET
    types: dict[str, frozenset[type | None]] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    depth: int = 0


def of(value: Any) -> Known:
    return Known(value, type(value))


def values(ref: Ref, frame: Frame) -> list[Known]:
    """What `ref` may stand for; empty if nothing is there (an empty container) or it's an item that passes by."""
    if ref.root.kind == "param":
        found = [of(frame.params[ref.root.name])] if ref.root.name in frame.params else []
    elif ref.root.kind == "self":
        found = [of(frame.obj) if frame.obj is not UNSET else Known()]
    elif isinstance(ref.root.value, FilledLater):
        found = [Known(type=each) for each in ref.root.value.types]
    else:
        found = [of(ref.root.value)]
    for kind, name in ref.steps:
        found = [after for before in found for after in _STEPS[kind](before, name, frame)]
    return found


def _attr(before: Known, name: str, frame: Frame) -> list[Known]:
    later = []
    if before.value is frame.obj and name in frame.types:
        later = [Known(type=t) for t in sorted(frame.types[name], key=str)]
    if before.value is UNSET:
        return later or [Known()]
    own = getattr(before.value, "__dict__", {})
    if name == "*":
        return [of(v) for v in own.values()]
    if name in own:
        return later + [of(own[name])]
    found = inspect.getattr_static(before.value, name, UNSET)
    if isinstance(found, types.MemberDescriptorType):
        found = getattr(before.value, name, UNSET)
    elif isinstance(found, staticmethod):
        found = found.__func__
    if found is UNSET or hasattr(type(found), "__get__") and not isinstance(found, _METHODS):
        return later or [_part(before)]
    return later + [of(found)]


def _part(whole: Known) -> Known:
    """What a property gives, which isn't read: of an array the array again, of a library's object something sized."""
    if whole.kind == "container":
        return whole
    return Known(type=Sized) if whole.kind == "library" else Known()


def _inside(before: Known, name: str, frame: Frame) -> list[Known]:
    value = before.value
    if value is UNSET:
        return [Known()] if before.type is None or before.type in _FILLED_LATER else []
    if type(value) in _FILLED_LATER and not value:
        return [Known()]
    if isinstance(value, arrays.types_of("array")):
        return [before] if value.ndim > 1 or value.dtype == object else []
    found, todo = [], [value]
    while todo and len(found) < ITEMS_LOOKED_AT:
        part = todo.pop()
        if isinstance(part, dict):
            inner = list(islice(part.values(), ITEMS_LOOKED_AT)) + list(islice(part.keys(), ITEMS_LOOKED_AT))
        elif isinstance(part, list | tuple | set | frozenset | deque):
            inner = list(islice(part, ITEMS_LOOKED_AT))
        else:
            continue
        found += [of(v) for v in inner]
        todo += inner
    return found if isinstance(value, dict | list | tuple | set | frozenset | deque) else _item_of_object(before)


def _item_of_object(before: Known) -> list[Known]:
    return [] if before.kind in ("harmless", "container", "stream", "callable") else [Known()]


def _slice(before: Known, name: str, frame: Frame) -> list[Known]:
    fresh = before.type is not None and issubclass(before.type, _FRESH_SLICES)
    return [Known(before.value, before.type, fresh)]


def _copy(before: Known, name: str, frame: Frame) -> list[Known]:
    return [Known(before.value, before.type, True)]


def _ret(before: Known, name: str, frame: Frame) -> list[Known]:
    if before.type is not None and issubclass(before.type, arrays.types_of("array")):
        return [before]
    return _inside(before, name, frame) if before.kind == "container" else []


_STEPS = {"attr": _attr, "in": _inside, "slice": _slice, "copy": _copy, "ret": _ret}
