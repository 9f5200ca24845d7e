"""A live graph as bytes: cloudpickle's, and the source of the code that goes along by value."""

from __future__ import annotations

import hashlib
import io
import linecache
import os
from types import CodeType
from typing import Any

import cloudpickle

from d4p.workflow.cells import Carried, named


def pickled(graph: Any) -> tuple[bytes, bytes]:
    """The graph's pickle, whose strings name its modules, and the bytes to load it from, with sources."""
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump(graph)
    alone = file.getvalue()
    return alone, cloudpickle.dumps(Carried(alone, pickler.sources)) if pickler.sources else alone


class _Pickler(cloudpickle.CloudPickler):
    """cloudpickle's drops the names of files, since a cell's isn't the same in another session: here it is named by
    its source."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.sources: dict[str, str] = {}

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is not CodeType:
            return super().reducer_override(obj)
        make, arguments, *more = self.dispatch_table[CodeType](obj)
        source = "".join(linecache.getlines(obj.co_filename))
        if not source or more:
            return make, arguments, *more
        name = obj.co_filename
        if not os.path.exists(name):
            name = f"<cell {hashlib.sha256(source.encode(errors='surrogatepass')).hexdigest()[:8]}>"
        self.sources[name] = source
        return named, (name, make, arguments)
