"""numpy as the analysis knows it, without importing it: where the workflow hasn't, no value is of numpy's."""

from __future__ import annotations

import sys
from typing import Any

METHODS = frozenset(
    "T all any argmax argmin argpartition argsort astype base byteswap choose clip compress conj conjugate copy ctypes "
    "cumprod cumsum data device diagonal dot dtype dump dumps fill flags flat flatten getfield imag item itemset "
    "itemsize mT max mean min nbytes ndim newbyteorder nonzero partition prod ptp put ravel real repeat reshape resize "
    "round searchsorted setfield setflags shape size sort squeeze std strides sum swapaxes take to_device tobytes "
    "tofile tolist tostring trace transpose var view __array__ __getitem__ __setitem__ __len__ __iter__ __contains__ "
    "__copy__ __deepcopy__ __matmul__ __rmatmul__ __imatmul__".split()
)
"""The methods and attributes of numpy.ndarray, of any version."""

OUT = {
    name: position
    for position, names in enumerate(["", "all any argmax argmin choose dot max min ptp round",
                                      "clip compress cumprod cumsum mean prod std sum take var", "", "trace"])
    for name in names.split()
}  # fmt: skip
"""The position of the argument `out` of those methods that have one."""

_TYPES = {
    "array": ("ndarray",),
    "harmless": ("generic", "dtype", "ufunc", "poly1d", "finfo", "iinfo"),
    "ufunc": ("ufunc",),
    "stream": ("random.Generator", "random.RandomState"),
    "generator": ("random.Generator",),
}


def types_of(kind: str) -> tuple[type, ...]:
    """The types of a kind, for `isinstance` and `issubclass`: array, harmless, ufunc, stream or generator.

    >>> import numpy as np
    >>> isinstance(np.arange(3), types_of("array"))
    True
    """
    found = (named(name) for name in _TYPES[kind])
    return tuple(each for each in found if isinstance(each, type))


def named(name: str) -> Any:
    """What numpy has by a name, such as `random.rand`; None where it isn't loaded, or has no such thing."""
    module, _, name = f"numpy.{name}".rpartition(".")
    return getattr(sys.modules.get(module), name, None)
