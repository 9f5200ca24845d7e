"""What readers share: the files of a path, and their splits.

A reader is a root PE that splits its own input. Each process that runs an instance of it plans the splits anew and gets
the same ones: `plan_splits()` sorts. Which splits an instance reads is the engine's to say; it calls `read(split)`.
`d4p help own-pes` has a reader as an example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from d4p.describe.tracebacks import error_text, short
from d4p.errors import RunFailed
from d4p.filesystems import locate
from d4p.filesystems.paths import File, Path, as_paths, find, stamps
from d4p.graph.core import GenericPE
from d4p.stage.reading import place_of


class Reader(GenericPE):
    """Base of readers: a root with one output, `output`. A subclass says in `plan_splits` what there is to read, in
    pieces, and in `read` the items of a piece. `on_error` is of a piece that can't be read, or of a record (`parsed`).

    Args:
        path: a file, a folder (the files directly in it), a glob (`**` for folders), a URL, or a list of those.
    """

    OUTPUT_NAME = "output"
    stateful = False
    _d4p_split: Any = None  # what is read; the engine says it

    def __init__(self, path: Path) -> None:
        GenericPE.__init__(self)
        self._add_output(self.OUTPUT_NAME)
        self.paths = as_paths(path)

    def files(self) -> list[File]:
        """The files to read, sorted. Raises Refused where there are none."""
        return find(self.paths, self.id)

    def open(self, file: File) -> BinaryIO:
        """One of `files()`, wherever it is, open for reading bytes."""
        return locate(file.source)[0].open(file.name, "rb")

    def input_files(self) -> list[tuple[str, Any, Any]]:
        """The files' names, sizes and times, by which a run knows whether an earlier one read the same."""
        return stamps(self.paths, self.id)

    def check_input(self) -> None:
        """Raises Refused where there is nothing to read."""
        self.files()

    def plan_splits(self) -> list[Any]:
        """What there is to read, as values that can be sent anywhere; asked once in a run, before `preprocess`.

        Raises Refused where there is nothing.
        """
        raise NotImplementedError

    def read(self, split: Any) -> Iterator[Any]:
        """The items of one split."""
        raise NotImplementedError

    def parse(self, record: Any) -> Any:
        """The item that a record of a file is, for subclasses whose `read` gives `parsed` ones."""
        raise NotImplementedError

    def parsed(self, records: Iterable[Any]) -> Iterator[Any]:
        """What `parse` makes of each of some records, in order.

        Where it raises, the record is left out as `on_error` of the reader says; else the run fails. A record that is
        set aside can be parsed again by `d4p replay`.

        Raises:
            RunFailed: `parse` raised, and there is no policy; says at which record of the split.
        """
        for number, record in enumerate(records, 1):
            try:
                item = self.parse(record)
            except Exception as error:
                yield from self._d4p_broken(record, number, error)
                continue
            yield item

    def _d4p_broken(self, record: Any, number: int, error: Exception) -> Iterable[Any]:
        where = ""
        if self._d4p_split is not None:
            place = place_of(self._d4p_split)
            where = f" from byte {place['offset']:,} on" if place.get("offset") else ""
            where += f" of {place.get('file') or place['split']}"
        raise RunFailed(f"{self.id} can't read record {number}{where}, {short(record)}: {error_text(error)}") from error

    def process(self, inputs: dict[str, Any]) -> None:
        """Reads everything: for whoever runs a PE by hand."""
        for split in self.plan_splits():
            self._d4p_split = split
            for item in self.read(split):
                self.write(self.OUTPUT_NAME, item)
