"""Does a PE take many items at once?"""

from __future__ import annotations

import inspect
from typing import Any

from d4p.graph.base import SimpleFunctionPE
from d4p_compile.analysis.methods import is_plain_function

NAMES = ("process", "_process")


def takes_batches(pe: Any) -> bool:
    """Whether `pe` has a `process_batch({port: batch})` that says the same as its `process`.

    One that it inherits doesn't count where a class below has another `process` or `_process`: that was not written
    for it.
    """
    if not has_batches(pe) or not has_singly(pe):
        return False
    if "process_batch" in vars(pe):
        return True
    cls = type(pe)
    own = [name for name in NAMES if not is_plain_function(getattr(cls, name))]
    depth = _depth(cls, "process_batch")
    return not any(name in vars(pe) for name in NAMES) and all(depth <= _depth(cls, name) for name in own)


def has_batches(pe: Any) -> bool:
    """Whether it has a `process_batch` that can be called with `{port: batch}`."""
    method = getattr(pe, "process_batch", None)
    if not callable(method):
        return False
    try:
        inspect.signature(method).bind({})
    except (TypeError, ValueError):
        return False
    return True


def has_singly(pe: Any) -> bool:
    """Whether it can take items one by one."""
    own = any(name in vars(pe) or not is_plain_function(getattr(type(pe), name)) for name in NAMES)
    return own or isinstance(pe, SimpleFunctionPE)


def _depth(cls: type, name: str) -> int:
    return next(depth for depth, owner in enumerate(cls.__mro__) if name in vars(owner))
