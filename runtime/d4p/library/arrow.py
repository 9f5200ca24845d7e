"""`WriteArrow`: records with arrays in a folder of Arrow files, one an instance."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from d4p.errors import RunFailed
from d4p.items.batch import Batch
from d4p.library.write import Writer


class WriteArrow(Writer):
    """Writes each item of `input` as a record to `path`/part-00000.arrow, ..., with an index of what each file holds.

    Items are tuples, NamedTuples or dicts of numbers, strings and arrays, or single arrays, all like the first that the
    instance gets: the same fields, types and shapes. One that isn't fails the run, which says how it differs. Arrays
    are written as they lie in memory, uncompressed; those of a batch without a copy. `d4p.containers` says what a file
    looks like; `d4p.containers.Records` reads a folder of them, as any Arrow library does.

    Args:
        path: the folder, as for `WriteText`.

    Needs pyarrow and numpy on the workers.
    """

    suffix = ".arrow"

    def __init__(self, path: str | os.PathLike) -> None:
        Writer.__init__(self, path)
        self._arrow: Any = None

    @property
    def taker(self) -> Callable[[Any], None] | None:
        return self._process if type(self) is WriteArrow else None

    def import_early(self) -> None:
        with suppress(ImportError):  # where the program runs nothing but the driver, the workers may have it
            import d4p.containers.writing  # noqa: F401

    def preprocess(self) -> None:
        Writer.preprocess(self)
        if self._file is None:
            return
        try:
            from d4p.containers.writing import ArrowFile
        except ImportError as error:
            raise RunFailed(f"{self.id} writes Arrow files, which needs pyarrow and numpy on every worker: pip install "
                            f"pyarrow numpy ({error})") from None
        self._arrow = ArrowFile(self._file)

    def _process(self, data: Any) -> None:
        self._count += 1
        if self._arrow is not None:
            self._take(self._arrow.put, data)

    def process_batch(self, inputs: dict[str, Any]) -> None:
        """As `process` with each item of a batch."""
        (batch,) = inputs.values()
        if not isinstance(batch, Batch):
            for item in batch:
                self._process(item)
            return
        self._count += len(batch)
        if self._arrow is not None:
            self._take(self._arrow.put_batch, batch)

    def postprocess(self) -> None:
        if self._arrow is not None:
            self._take(lambda _: self._arrow.finish(), None)
        Writer.postprocess(self)

    def _take(self, put: Any, what: Any) -> None:
        from d4p.containers.fields import Misfit

        try:
            put(what)
        except Misfit as error:
            raise RunFailed(f"records of one file must be alike, numbers, strings and arrays of one shape; {error}"
                            ) from None
