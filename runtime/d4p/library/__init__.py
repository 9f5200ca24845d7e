"""PEs that read and write files: what a workflow begins and ends with.

A path may be local or a URL (`hdfs://`, `s3://`, ...), which needs fsspec and the URL's own driver. `Reader` and
`Writer` are the bases of those of your own: `d4p help own-pes`.

Each is imported when it is used, as few workflows have several of them.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from d4p.library.arrow import WriteArrow
    from d4p.library.files import ReadFiles
    from d4p.library.lines import ReadLines
    from d4p.library.pairs import AllPairs, PairsBetween
    from d4p.library.reader import Reader
    from d4p.library.write import Writer, WriteRecords, WriteText

_WHERE = {
    "WriteArrow": "d4p.library.arrow",
    "ReadFiles": "d4p.library.files",
    "ReadLines": "d4p.library.lines",
    **dict.fromkeys(("AllPairs", "PairsBetween"), "d4p.library.pairs"),
    "Reader": "d4p.library.reader",
    **dict.fromkeys(("Writer", "WriteRecords", "WriteText"), "d4p.library.write"),
}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        value = globals()[name] = getattr(importlib.import_module(_WHERE[name]), name)
        return value
    raise AttributeError(f"module 'd4p.library' has no attribute {name!r}; it has: {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = ["AllPairs", "PairsBetween", "ReadFiles", "ReadLines", "Reader", "WriteArrow", "WriteRecords", "WriteText",
           "Writer"]
