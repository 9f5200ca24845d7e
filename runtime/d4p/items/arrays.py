"""Batches of large numpy arrays and nothing else: their types and shapes, and beside them the arrays' own memory.

What a pickle of each says, at a fraction of its cost.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from pickle import PickleBuffer
from typing import Any

from d4p.host.imported import imported

#: What such a batch begins with.
MARK = b"A"
_KINDS = "biufc"  # types that their `dtype.str` describes wholly


def pack_arrays(items: list[Any], least: int) -> tuple[bytes, list[memoryview]] | None:
    """The head of a batch, and the buffers beside it; None where an item isn't a plain array of at least so many bytes,
    with its elements one behind the other."""
    np = imported("numpy")
    if np is None or not items or type(items[0]) is not np.ndarray:
        return None
    array, described, buffers = np.ndarray, [], []
    for item in items:
        if type(item) is not array or item.nbytes < least or not item.flags.c_contiguous:
            return None
        dtype = item.dtype
        if dtype.kind not in _KINDS or dtype.metadata is not None:
            return None
        described.append((dtype.str, item.shape, item.nbytes))
        buffers.append(PickleBuffer(item).raw())
    return MARK + marshal.dumps(described, 4), buffers


def sizes(head: Any) -> list[int]:
    """The sizes of the buffers beside a head."""
    return [nbytes for _, _, nbytes in marshal.loads(memoryview(head)[1:])]


def unpack_arrays(head: Any, buffers: Iterable[Any]) -> list[Any]:
    """The arrays. The buffers become their memory."""
    import numpy as np

    array = np.ndarray
    described = marshal.loads(memoryview(head)[1:])
    return [array(shape, dtype, buffer) for (dtype, shape, _), buffer in zip(described, buffers, strict=True)]
