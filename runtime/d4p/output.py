"""`--output`: a folder of JSON lines that is there whole or not at all."""

from __future__ import annotations

from d4p.items import dumps_json
from d4p.library.folder import Folder
from d4p.results import Results, safe

_WRITER = ""  # the program itself


class Output:
    """Written beside its place under a temporary name, and renamed when the run is done."""

    def __init__(self, path: str, overwrite: bool = False) -> None:
        """Make the temporary folder. Raises Refused where the output exists or can't be made."""
        self.path = path
        self._folder = Folder(path)
        self._folder.begin(overwrite, _WRITER)
        self._files: list[str] = []

    def write(self, results: Results) -> None:
        """One file of JSON lines for each result: `<PE id>.<port>.jsonl`."""
        for (pe_id, port), items in results.items():
            name = self._name(f"{safe(pe_id)}.{safe(port)}")
            with self._folder.open(name) as file:
                for item in items:
                    file.write(dumps_json(item).encode() + b"\n")
            self._files.append(name)

    def _name(self, stem: str) -> str:
        """A file name of its own: ports that differ only in what no file name can hold are numbered."""
        name, number = f"{stem}.jsonl", 2
        while name in self._files:
            name, number = f"{stem}-{number}.jsonl", number + 1
        return name

    def commit(self) -> None:
        """Put the folder in its place, with an empty `_SUCCESS`."""
        self._folder.commit(_WRITER, self._files)

    def abort(self) -> None:
        """Leave nothing behind."""
        self._folder.abort()
