"""What is known by name or type: which calls change a container, which types can't be changed, which move on."""

from __future__ import annotations

import array
import builtins
import codecs
import collections
import datetime
import decimal
import enum
import fractions
import functools
import inspect
import io
import json
import logging
import numbers
import operator
import pathlib
import queue
import random
import re
import string
import struct
import textwrap
import threading
import types
import uuid
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from d4p_compile.analysis import arrays
from d4p_compile.analysis.origin import is_user

MUTATORS = frozenset(
    "append appendleft extend extendleft insert remove pop popleft popitem clear sort reverse rotate add discard "
    "update setdefault move_to_end subtract difference_update intersection_update symmetric_difference_update push "
    "fill put resize itemset partition setflags setfield partial_fit put_nowait frombytes fromlist fromfile byteswap "
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
    for cls in (str, bytes, bytearray, list, dict, set, frozenset, tuple, collections.deque)
    for name in dir(cls)
) | arrays.METHODS | {"info", "debug", "warning", "error", "exception", "log", "write"}
"""Methods of an unknown local object that may be given a container of self: they don't change their arguments."""

ITERATES = frozenset(
    "sum any all min max sorted list tuple set frozenset dict enumerate zip reversed filter map iter".split()
)
COPIES = frozenset("sorted list tuple set frozenset dict enumerate zip reversed filter iter".split())
CALLS_ITS_ARGUMENT = frozenset(["map", "filter"])
SELF_IS_SAFE = frozenset(
    "isinstance issubclass id repr str print hasattr getattr len hash callable bool format type super".split()
)
_CHANGED = {name: (0,) for name in (
    "heapq.heappush heapq.heappop heapq.heapify heapq.heapreplace heapq.heappushpop bisect.insort bisect.insort_left "
    "bisect.insort_right random.shuffle operator.setitem operator.delitem operator.iadd operator.iconcat operator.ior "
    "operator.isub operator.imul operator.iand operator.ixor operator.itruediv operator.ifloordiv operator.imatmul "
    "numpy.copyto numpy.put numpy.place numpy.putmask numpy.fill_diagonal numpy.put_along_axis ctypes.memmove "
    "ctypes.memset builtins.setattr builtins.delattr").split()
} | {"struct.pack_into": (1,), "posix.readv": (1,), "posix.preadv": (1,)}  # fmt: skip
"""Which arguments, by position, a library's function changes."""

_READS = re.compile(
    r"(get|read|load|find|predict|transform|format|parse|match|search|compute|evaluate|lookup|count|describe)|"
    r"(is|has|to|as|from|list|query)(_|[A-Z]|$)"
)
_READ_NAMES = READERS | (arrays.METHODS - MUTATORS) | frozenset(
    "isnull notnull isna isin isoformat strftime timestamp weekday tolist astype asdict item dot inner outer sum mean "
    "std var min max median quantile select slice head tail decision_function inverse_transform score score_samples "
    "stem lemmatize tokenize tag polarity_scores encode decode digest hexdigest name names contains covers intersects "
    "within distance query pdf cdf ppf sf logpdf interpolate_at total_seconds __getitem__ __contains__ __len__ "
    "__iter__ log log2 log10 exp sqrt bit_length hex".split()
)
_NO_READS = frozenset("get_nowait getch getche get_next get_next_batch get_or_create getnext load_state_dict "
                      "load_extension load_weights find_or_create from_callable readinto readinto1 data".split())
MOVES_A_FILE = frozenset("read read1 readline readlines readall readinto readuntil readexactly".split())
"""Readers by name, which of an object of an unknown type may be a file's."""

HARMLESS_TYPES = (
    str, bytes, numbers.Number, frozenset, tuple, range, slice, type(None), re.Pattern, re.Match, types.ModuleType,
    logging.Logger, logging.LoggerAdapter, pathlib.PurePath, decimal.Decimal, fractions.Fraction, datetime.date,
    datetime.time, datetime.timedelta, datetime.tzinfo, enum.Enum, types.MappingProxyType, type,
    random.SystemRandom, uuid.UUID, json.JSONDecoder, json.JSONEncoder,
    string.Template, string.Formatter, struct.Struct, textwrap.TextWrapper, type(threading.Lock()),
    type(threading.RLock()), type(Ellipsis), operator.itemgetter, operator.attrgetter, operator.methodcaller,
)  # fmt: skip
CONTAINER_TYPES = (list, dict, set, collections.deque, bytearray, array.array, collections.UserDict,
                   collections.UserList, collections.ChainMap, memoryview)  # fmt: skip
STREAM_TYPES = (io.IOBase, random.Random, queue.Queue, queue.SimpleQueue,
                codecs.IncrementalDecoder, codecs.IncrementalEncoder, codecs.StreamReader,
                codecs.StreamWriter)  # fmt: skip
CALLABLE_TYPES = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, types.MethodWrapperType,
                  functools.partial)  # fmt: skip
_HARMLESS_NAMES = ("obspy.core.utcdatetime.UTCDateTime",)
_PURE_MODULES = ("pandas.", "polars.", "shapely.")
"""Modules whose objects' methods change nothing but by the names in MUTATORS, `inplace` and `out`."""


@lru_cache(maxsize=4096)
def kind_of(cls: type) -> str:
    """harmless, container, stream, callable, user or library: what a value of this type is to the analysis.

    >>> kind_of(str), kind_of(list), kind_of(type(iter([])))
    ('harmless', 'container', 'stream')
    """
    if is_user(cls):
        return "user"
    if issubclass(cls, random.SystemRandom) or f"{cls.__module__}.{cls.__name__}" in _HARMLESS_NAMES:
        return "harmless"
    for kind, types_, of_numpy in (("stream", STREAM_TYPES, "stream"), ("harmless", HARMLESS_TYPES, "harmless"),
                                   ("container", CONTAINER_TYPES, "array"), ("callable", CALLABLE_TYPES, "")):
        if issubclass(cls, types_) or of_numpy and issubclass(cls, arrays.types_of(of_numpy)):
            return kind
    if issubclass(cls, Iterator) or cls.__module__ in ("_csv", "_random"):
        return "stream"
    return "library"


def builtin_name(value: Any) -> str | None:
    """The name of a builtin function or class, else None."""
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) and getattr(builtins, name, None) is value else None


def qualified(value: Any) -> str:
    """`heapq.heappush` of a library function; the C half of a module counts as the module."""
    module = (getattr(value, "__module__", None) or "").split(".")[0].lstrip("_")
    return f"{module}.{getattr(value, '__name__', '')}"


def reads(name: str) -> bool:
    """Does a method of this name only read, whatever it belongs to?"""
    return name not in MUTATORS | _NO_READS and (name in _READ_NAMES or _READS.match(name) is not None)


def reads_of(cls: type, name: str) -> bool:
    """Does a method of a library's class only read? Doubts are answered with no."""
    if cls.__module__.startswith(_PURE_MODULES) or cls.__module__ + "." in _PURE_MODULES:
        return name not in ("sample", "__enter__")
    moves = hasattr(cls, "read") and any(hasattr(cls, n) for n in ("readline", "seek", "tell", "recv"))
    moves = moves and name.startswith(("read", "get"))
    return reads(name) and not moves and not (hasattr(cls, "get") and hasattr(cls, "put") and name.startswith("get"))


def is_bound(value: Any) -> bool:
    """Is it a method of an object (neither of a class nor a module's function)?"""
    owner = getattr(value, "__self__", None)
    bound = isinstance(value, types.MethodType | types.BuiltinMethodType | types.MethodWrapperType)
    return bound and not isinstance(owner, types.ModuleType | type | None)


def is_function_like(value: Any) -> bool:
    """Is it a function or class, of Python or of C, rather than an object that can be called?"""
    return hasattr(value, "__name__")


def is_harmless_to_call(cls: type) -> bool:
    """Is calling an object of this library's class known to keep nothing?"""
    return kind_of(cls) == "harmless" or cls.__module__.startswith(("scipy.interpolate", "numpy"))


def draws_from(value: Any) -> str | None:
    """The name of the module whose hidden generator a function draws from, else None."""
    owner = getattr(value, "__self__", None)
    if owner is getattr(random.random, "__self__", None):
        return "random"
    name = getattr(value, "__name__", None)
    if not isinstance(name, str) or isinstance(value, type) or name == "default_rng":
        return None
    if owner is not None and owner is getattr(arrays.named("random.rand"), "__self__", None):
        return "numpy.random"
    if getattr(value, "__module__", None) in ("numpy.random", "numpy.random.mtrand") and not is_bound(value):
        return "numpy.random"
    torch = "torch" in f"{getattr(value, '__module__', '')} {getattr(owner, '__name__', '')}"
    return "torch" if torch and name.startswith(("rand", "normal", "bernoulli", "multinomial", "manual_seed")) else None


def changed_positions(value: Any, count: int) -> tuple[int, ...]:
    """Which of the first `count` arguments a library's function changes."""
    name = getattr(value, "__name__", "")
    if isinstance(value, types.MethodDescriptorType | types.WrapperDescriptorType):
        found = (0,) if name in MUTATORS else ()  # list.append(self.items, x)
    elif isinstance(value, arrays.types_of("ufunc")):
        found = tuple(range(value.nin, count))
    elif qualified(value) in _CHANGED:
        found = _CHANGED[qualified(value)]
    else:
        found = (0,) if name == "shuffle" else _out(value)
    return tuple(i for i in found if i < count)


def _out(value: Any) -> tuple[int, ...]:
    """The position of a numpy function's argument `out`."""
    if (getattr(value, "__module__", None) or "").split(".")[0] not in ("numpy", "scipy") or isinstance(value, type):
        return ()
    try:
        return tuple(i for i, name in enumerate(inspect.signature(value).parameters) if name == "out")
    except (TypeError, ValueError):
        return ()
