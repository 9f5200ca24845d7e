"""Imports from the zip that this runtime lies in, each module's code loaded once.

Python's importer loads a module's code to tell the name of its file as well, and drops it: half of what a program's
start takes is imports, so that is a fifth of it.
"""

from __future__ import annotations

import os
import sys
import zipimport


class Importer(zipimport.zipimporter):
    """Imports from a zip."""

    def get_filename(self, fullname: str) -> str:
        """The name of a module's source, which is told without loading it."""
        end = f"{os.sep}__init__.py" if self.is_package(fullname) else ".py"
        return os.path.join(self.archive, self.prefix + fullname.rpartition(".")[2]) + end


def import_once(package: str) -> None:
    """Have the modules of a package's folder in a zip be imported in this way from now on."""

    def importer(path: str) -> Importer:
        if path == package or path.startswith(package + os.sep):
            return Importer(path)
        raise ImportError(f"{path} isn't {package}")

    sys.path_hooks.insert(0, importer)
    for path in [path for path in sys.path_importer_cache if path.startswith(package)]:
        del sys.path_importer_cache[path]
