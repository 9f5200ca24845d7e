"""Which frames of a traceback are this package's own."""

from __future__ import annotations


def _here() -> str:
    return _here.__code__.co_filename.removesuffix("describe/ours.py")


#: What the file names of our frames begin with, to the separator: `d4p_flows` may lie beside. Not `__file__`: byte code
#: in a bundle's zip keeps the names that it was compiled with, wherever the zip lies.
OURS = _here()
