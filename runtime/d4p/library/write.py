"""`WriteText` and `WriteRecords`: a folder of part files, one an instance, that is there whole or not at all.

How that is done stands in `d4p.commit.folder`: an instance writes a file of its own and names it as complete in
`postprocess`; the program takes one of each instance, and puts the folder in its place.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from typing import Any

from d4p.commit.folder import Folder
from d4p.describe.tracebacks import short
from d4p.errors import Refused, RunFailed
from d4p.filesystems.paths import as_paths
from d4p.graph.base import ConsumerPE
from d4p.items.schema import Schema, declared_schema, why_none
from d4p.outputs.part import Attempt, Maker, Part, Place
from d4p.outputs.records import json_line
from d4p.outputs.writing import new_id


class Writer(ConsumerPE):
    """Base of writers: a subclass says in `encode` how an item becomes bytes, and in `suffix` how its files end.

    Each instance writes a file of its own, in the order of its items. `d4p help own-pes` has an example.

    Args:
        path: the folder to write, local or a URL.
    """

    stateful = False  # each instance has a file of its own
    suffix = ""  # of the files: "" or a dot and lower-case letters
    _place: Place | None = None
    _maker: Maker | None = None
    _file: Attempt | None = None
    part: Part | None = None  # what this instance wrote, once it is complete
    _elsewhere: Callable[[bytes], Any] | None = None

    def __init__(self, path: str | os.PathLike) -> None:
        ConsumerPE.__init__(self)
        if not isinstance(path, (str, os.PathLike)):
            raise Refused(f"the path to write to must be a string or a path; it is {path!r}")
        (self.path,) = as_paths(path)

    def encode(self, item: Any) -> bytes:
        """What the file gets for an item. What it raises fails the run, which names the item."""
        raise NotImplementedError

    def write_to(self, place: Place | None, maker: Maker) -> None:
        """The engine says where this instance writes; None where its output is there already, from an earlier run."""
        self._place, self._maker = place, maker

    def import_early(self) -> None:
        """Import what instances need; called in the program before it makes them, so that forked ones needn't."""

    def preprocess(self) -> None:
        if self._place is not None and self._maker is not None:
            self._file = Attempt(self._place, self._maker, self.suffix)
        self._write_bytes = self._elsewhere or (len if self._file is None else self._file.write)
        self._count = 0

    @property
    def appends(self) -> bool:
        """Whether all it does with an item is to append some bytes to its file: then another one may take those."""
        mine = type(self)
        own = (mine.preprocess, mine.postprocess, mine.write_to) == (
            Writer.preprocess, Writer.postprocess, Writer.write_to)
        return own and "_process" not in vars(self)

    @property
    def taker(self) -> Callable[[Any], None] | None:
        """What takes of another one of it, in another process, what that hands over for an item (`write_elsewhere`);
        None where it does more with its file than is known here."""
        return self.append if self.appends else None

    def write_elsewhere(self, take: Callable[[Any], Any]) -> None:
        """Have the `taker` of another one of it `take` what this one has to write: the bytes of an item where it
        appends those, else the item."""
        if self.appends:
            self._elsewhere = take
            return
        mine: Any = self
        mine._process = take
        if hasattr(mine, "process_batch"):
            mine.process_batch = lambda inputs: [take(item) for batch in inputs.values() for item in batch]

    def _process(self, data: Any) -> None:
        self.append(self.encode(data))

    def append(self, record: bytes) -> None:
        """Append the bytes of an item to its file."""
        self._count += 1
        try:
            self._write_bytes(record)
        except OSError as error:
            raise error if self._file is None else self._file.failed(error) from error

    def postprocess(self) -> None:
        if self._file is not None:
            self.part = self._file.finish(self._count)

    # For `d4p.compat.direct`, which runs a graph without a program

    def begin_output(self) -> None:
        """Make room. Raises Refused where something is at the path."""
        self._folder, self._run = Folder(self.path, self.id), new_id()
        self._folder.claim(self._run)
        try:
            self._folder.look({}, overwrite=False, resume=False)
            self._folder.prepare({}, self._run)
        except BaseException:
            self._folder.release()
            raise
        self.write_to(self._folder.places()[""], Maker(0, 1, f"{self._run}.{new_id()}"))

    def commit_output(self) -> None:
        """Put the folder in its place."""
        assert self.part is not None, "postprocess has completed it"
        self._folder.decide({"": [self.part]}, {}, self._run)
        self._folder.commit()

    def abort_output(self) -> None:
        """Leave nothing behind."""
        self._folder.abort(keep=False)


class WriteText(Writer):
    """Writes `str(item)` and a line feed for each item of `input`, in UTF-8, to `path`/part-00000, ...

    Args:
        path: the folder, local or a URL. It appears when the run is done; one that exists is refused, replaced with
            `--overwrite`, or left as it is with `--resume` where it holds what this run would write.
    """

    def encode(self, item: Any) -> bytes:
        return (str(item) + "\n").encode()


class WriteRecords(Writer):
    """Writes each item of `input` as a record to `path`/part-00000, ...

    Args:
        path: the folder, as for `WriteText`.
        format: "jsonl", a line of JSON an item (`d4p.items.loads_json` reads it; see `d4p help outputs`);
            "pickle", one pickle after the other (`pickle.load` as often as it can); or "parquet", part-00000.parquet,
            which needs pyarrow on the workers.
        schema: for "parquet", the fields of the items with their types: `[("word", str), ("count", int)]` for tuples,
            `{"word": str, "count": int}` for dicts (`d4p.schema`). An item that isn't exactly of it fails the run.
    """

    def __init__(self, path: str | os.PathLike, format: str = "jsonl", schema: Any = None) -> None:
        Writer.__init__(self, path)
        if format not in ("jsonl", "pickle", "parquet"):
            raise Refused(f'format must be "jsonl", "pickle" or "parquet"; it is {format!r}')
        if (format == "parquet") != (schema is not None):
            raise Refused(f"format={format!r} {'needs a' if format == 'parquet' else 'takes no'} schema: "
                          'WriteRecords(path, "parquet", schema=[("word", str), ("count", int)])')
        if schema is not None and (reason := why_none(schema)):
            raise Refused(f"the schema must be names with types; {reason}")
        self.format = format
        self.schema = schema if not isinstance(schema, Mapping) else dict(schema)
        self.suffix = ".parquet" if format == "parquet" else ""
        self._table: Any = None

    def preprocess(self) -> None:
        Writer.preprocess(self)
        if self.format == "parquet" and self._file is not None:
            try:
                from d4p.outputs.parquet import TableFile
            except ImportError:
                raise RunFailed(f"{self.id} writes Parquet, which needs pyarrow on every worker: pip install pyarrow"
                                ) from None
            self._table = TableFile(self._file, declared_schema(self.schema))

    @property
    def appends(self) -> bool:
        return type(self) is WriteRecords and self.format != "parquet"

    @property
    def taker(self) -> Callable[[Any], None] | None:
        return super().taker or (self._process if type(self) is WriteRecords else None)

    def _process(self, data: Any) -> None:
        if self.format != "parquet":
            Writer._process(self, data)
            return
        self._count += 1
        if self._table is not None:
            self._fits(self._table.put(data))

    def _fits(self, all_fit: bool) -> None:
        if all_fit:
            return
        table: Schema = self._table.schema
        number, item = next((n, item) for n, item in enumerate(self._table.held(), 1) if not table.fits(item))
        number += self._count - len(self._table.held())
        form = "dicts" if table.form is dict else "tuples"
        raise RunFailed(f"items must be {form} of exactly {table}; item {number} is {short(item)}")

    def postprocess(self) -> None:
        if self._table is not None:
            self._fits(self._table.finish())
        Writer.postprocess(self)

    def encode(self, item: Any) -> bytes:
        return pickle.dumps(item, 5) if self.format == "pickle" else json_line(item)
