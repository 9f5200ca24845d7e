"""Many records, arrays with what belongs to them, in a few large files: `WriteArrow` writes them, `Records` reads them.

A file is an Arrow IPC file ("Feather V2"), uncompressed, that any Arrow library reads:

    schema                   a field of the items each, arrays as FixedSizeList (of two dimensions and more as the
                             canonical fixed_shape_tensor); its metadata say what form the items have
    record batches           blocks of records; the bytes of an array are those it had in memory
    a last, empty batch      whose metadata hold the index: all fields that are no arrays, of all records, small
    footer                   where the batches are

So a file is opened and searched by what its index says, without a look at the arrays; and one record is read from
where it is, on this machine without a copy (the file is mapped into memory).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from d4p.containers.records import Records

__all__ = ["Records"]


def __getattr__(name: str) -> Any:
    if name == "Records":  # what writes needs nothing of what reads
        from d4p.containers.records import Records

        return Records
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
