"""An object that tells when somebody reads its pickle."""

from __future__ import annotations

import os
from pathlib import Path


class Canary:
    """Its pickle, when it is read, makes the folder `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)

    def __repr__(self) -> str:
        return f"Canary({str(self.path)!r})"
