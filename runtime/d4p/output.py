"""`--output`: a folder of JSON lines that is there whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

from d4p.errors import Refused
from d4p.results import Results, write_jsonl


class Output:
    """Written beside its place under a temporary name, and renamed when the run is done."""

    def __init__(self, folder: str, overwrite: bool = False) -> None:
        self.folder = Path(folder)
        self._temporary = self.folder.with_name(f".{self.folder.name}.d4p-unfinished")
        if self.folder.exists() and not overwrite:
            raise Refused(f"the output {folder} exists: give another folder, or --overwrite to replace it")
        if self.folder.exists() and not self.folder.is_dir():
            raise Refused(f"the output {folder} must be a folder; it is a file")
        try:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary.mkdir(parents=True)
        except OSError as error:
            raise Refused(f"the output {folder} can't be made: {error.strerror or error}") from None

    def write(self, results: Results) -> None:
        """Write every result, one file each."""
        write_jsonl(results, self._temporary)

    def commit(self) -> None:
        """Put the folder in its place, with an empty `_SUCCESS`."""
        (self._temporary / "_SUCCESS").touch()
        if self.folder.exists():
            old = self.folder.with_name(f".{self.folder.name}.d4p-replaced")
            shutil.rmtree(old, ignore_errors=True)
            self.folder.rename(old)
            self._temporary.rename(self.folder)
            shutil.rmtree(old)
        else:
            self._temporary.rename(self.folder)

    def abort(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._temporary, ignore_errors=True)
