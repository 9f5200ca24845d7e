"""What is known by name or type: which calls change a container, which types can't be changed, which move on."""

from __future__ import annotations

import array
import builtins
import collections
import datetime
import decimal
import enum
import fractions
import io
import logging
import numbers
import pathlib
import queue
import random
import re
import types
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from d4p_compile.analysis.origin import is_user

MUTATORS = frozenset(
    "append appendleft extend extendleft insert remove pop popleft popitem clear sort reverse rotate add discard "
    "update setdefault move_to_end subtract difference_update intersection_update symmetric_difference_update push "
    "fill put resize itemset partition setflags setfield partial_fit put_nowait "
    "__setitem__ __delitem__ __setattr__ __delattr__ __iadd__ __ior__".split()
)
READERS = frozenset(
    "get items keys values index count copy union intersection difference issubset issuperset isdisjoint "
    "most_common elements __getitem__ __contains__ __len__ format join split strip upper lower startswith "
    "endswith match search findall finditer fullmatch sub debug info warning error exception critical".split()
)
"""Names that only read, where the value isn't known."""

INSIDE = frozenset(
    "get pop popleft popitem setdefault __getitem__ view reshape ravel transpose squeeze swapaxes".split()
)
VIEWS = frozenset("values items keys most_common".split())
"""Methods whose result is, or is a view of, what is inside."""

BUILTIN_METHODS = frozenset(
    name
    for cls in (str, bytes, bytearray, list, dict, set, frozenset, tuple, collections.deque, np.ndarray)
    for name in dir(cls)
) | {"info", "debug", "warning", "error", "exception", "log", "write"}
"""Methods of an unknown local object that may be given a container of self: they don't change their arguments."""

ITERATES = frozenset(
    "sum any all min max sorted list tuple set frozenset dict enumerate zip reversed filter map iter".split()
)
COPIES = frozenset("sorted list tuple set frozenset dict enumerate zip reversed filter iter".split())
CALLS_ITS_ARGUMENT = frozenset(["map", "filter"])
SELF_IS_SAFE = frozenset(
    "isinstance issubclass id repr str print hasattr getattr len hash callable bool format type super".split()
)
FIRST_ARGUMENT_CHANGED = frozenset(
    "heapq.heappush heapq.heappop heapq.heapify heapq.heapreplace heapq.heappushpop bisect.insort bisect.insort_left "
    "bisect.insort_right random.shuffle operator.setitem operator.delitem operator.iadd operator.iconcat operator.ior "
    "numpy.copyto numpy.put numpy.place numpy.putmask numpy.fill_diagonal numpy.put_along_axis".split()
)

HARMLESS_TYPES = (
    str, bytes, numbers.Number, frozenset, tuple, range, slice, type(None), re.Pattern, re.Match, types.ModuleType,
    logging.Logger, logging.LoggerAdapter, pathlib.PurePath, decimal.Decimal, fractions.Fraction, datetime.date,
    datetime.time, datetime.timedelta, datetime.tzinfo, enum.Enum, np.generic, np.dtype, types.MappingProxyType, type,
)  # fmt: skip
CONTAINER_TYPES = (list, dict, set, collections.deque, bytearray, array.array, np.ndarray, collections.UserDict,
                   collections.UserList, collections.ChainMap, memoryview)  # fmt: skip
STREAM_TYPES = (io.IOBase, random.Random, np.random.Generator, np.random.RandomState, queue.Queue, queue.SimpleQueue)
CALLABLE_TYPES = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.MethodWrapperType)


@lru_cache(maxsize=4096)
def kind_of(cls: type) -> str:
    """harmless, container, stream, callable, user or library: what a value of this type is to the analysis.

    >>> kind_of(str), kind_of(list), kind_of(type(iter([])))
    ('harmless', 'container', 'stream')
    """
    if is_user(cls):
        return "user"
    for kind, types_ in (("stream", STREAM_TYPES), ("harmless", HARMLESS_TYPES), ("container", CONTAINER_TYPES),
                         ("callable", CALLABLE_TYPES)):  # fmt: skip
        if issubclass(cls, types_):
            return kind
    if issubclass(cls, Iterator) or cls.__module__ in ("_csv", "_random"):
        return "stream"
    return "library"


def builtin_name(value: object) -> str | None:
    """The name of a builtin function or class, else None."""
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) and getattr(builtins, name, None) is value else None


def qualified(value: object) -> str:
    """`heapq.heappush` of a library function; the C half of a module counts as the module."""
    module = (getattr(value, "__module__", None) or "").split(".")[0].lstrip("_")
    return f"{module}.{getattr(value, '__name__', '')}"
