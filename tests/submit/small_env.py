"""A virtual environment as `pip install -e .` makes one, but small: d4p, and what it needs to compile and submit."""

from __future__ import annotations

import shutil
import sys
import sysconfig
import venv
from importlib import metadata
from pathlib import Path

#: Distributions that `d4p submit` needs.
_WANTED = ("click", "cloudpickle", "fsspec", "jinja2", "MarkupSafe", "networkx", "numpy", "rich", "pygments",
           "markdown-it-py", "mdurl", "venv-pack", "setuptools")  # fmt: skip


def make(folder: Path) -> Path:
    """Make it; gives its Python. Copied from the environment of the tests, in which d4p is installed editable."""
    venv.create(folder, symlinks=True, with_pip=False)
    (there,) = folder.glob("lib/python3*/site-packages")
    here = Path(sysconfig.get_path("purelib"))
    tops = {file.parts[0] for name in _WANTED for file in _files(name)} | {p.name for p in here.glob("__editable__*")}
    tops |= {p.name for p in here.glob("d4p_compile-*.dist-info")}
    for top in tops - {"..", "__pycache__"}:
        if (here / top).is_dir():
            leave = shutil.ignore_patterns("tests", "__pycache__")
            shutil.copytree(here / top, there / top, ignore=leave, dirs_exist_ok=True)
        elif (here / top).exists():
            shutil.copy2(here / top, there / top)
    return folder / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"


def _files(name: str) -> list[Path]:
    try:
        return [Path(str(file)) for file in metadata.files(name) or ()]
    except metadata.PackageNotFoundError:  # what another version of a package no longer needs
        return []
