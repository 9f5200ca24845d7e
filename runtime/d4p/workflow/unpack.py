"""Modules that came in a zip, as Spark sends them, are unpacked before the workflow is imported.

A workflow opens what lies beside it by its `__file__`, and in a zip that names no file.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile


def unpack_modules(module: str) -> None:
    """If `module` would be imported from a zip on sys.path, unpack that beside it and put the folder before it."""
    if module in sys.modules:
        return
    spec = importlib.util.find_spec(module)
    archive = getattr(spec.loader, "archive", None) if spec else None
    if archive is None:
        return
    folder = f"{archive}.unpacked"
    if not os.path.isdir(folder):
        folder = _unpack(archive, folder)
    sys.path.insert(sys.path.index(archive) if archive in sys.path else 0, folder)
    importlib.invalidate_caches()


def _unpack(archive: str, folder: str) -> str:
    """The folder with the files of the zip; several processes may want it at the same time."""
    import zipfile  # here, since modules seldom come in one

    writable = os.access(os.path.dirname(folder), os.W_OK)
    made = tempfile.mkdtemp(prefix="d4p-modules-", dir=os.path.dirname(folder) if writable else None)
    with zipfile.ZipFile(archive) as file:
        file.extractall(made)
    if not writable:
        return made
    try:
        os.rename(made, folder)
    except OSError:  # another process was faster
        shutil.rmtree(made)
    return folder
