"""Does a PE take many items at once?"""

from __future__ import annotations

from typing import Any

from d4p.errors import Refused
from d4p_compile.analysis.methods import is_plain_function


def takes_batches(pe: Any) -> bool:
    """Whether `pe` has a `process_batch` that says the same as its `process`.

    One that it inherits doesn't count where a class below has another `process` or `_process`: that was not written
    for it. Raises Refused where there is no `process` beside it.
    """
    cls = type(pe)
    if not callable(getattr(pe, "process_batch", None)):
        return False
    singly = [name for name in ("process", "_process") if name in vars(pe) or not is_plain_function(getattr(cls, name))]
    if not singly:
        raise Refused(f"{pe.id} ({cls.__name__}) has a process_batch and neither process nor _process: it must have one"
                      " of them too, which is called where items come one by one")
    if "process_batch" in vars(pe):
        return True
    return not any(name in vars(pe) for name in singly) and _depth(cls, "process_batch") <= min(
        _depth(cls, name) for name in singly
    )


def _depth(cls: type, name: str) -> int:
    return next(depth for depth, owner in enumerate(cls.__mro__) if name in vars(owner))
