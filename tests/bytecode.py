"""The packages, compiled once for all programs that are started: where PYTHONDONTWRITEBYTECODE is set, as in many
containers, each would compile them by itself, which takes as much as all else that a small one does."""

from __future__ import annotations

import compileall
from pathlib import Path

import d4p
import d4p_compile


def compile_packages() -> None:
    """Write what isn't there of their byte code, or is older than its source, as pip does when it installs them."""
    for package in (d4p, d4p_compile):
        compileall.compile_dir(Path(str(package.__file__)).parent, quiet=2)
