"""Which frames of a traceback are this package's own."""

from __future__ import annotations

import os


def _here() -> str:
    return os.path.dirname(_here.__code__.co_filename)


#: What the file names of our frames begin with. Not `__file__`: byte code in a bundle's zip keeps the names that it was
#: compiled with, wherever the zip lies.
OURS = _here()
