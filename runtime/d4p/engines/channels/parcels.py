"""Parcels: a batch of items ready to travel, its large buffers apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from d4p.describe.failure import PeFailed
from d4p.errors import RunFailed
from d4p.items.packing import Uncopyable, apart, head_of, pack_apart, unpack
from d4p.places.marks import Head

#: Buffers of at least so many bytes lie apart. Smaller ones are cheaper copied than handled one by one.
LEAST = 8 << 10


@dataclass(frozen=True)
class Parcel:
    """A batch of items: `head` holds the pickles and all that is small.

    `buffers` are the memory of the items themselves (numpy arrays): not copied, to be read before the items change.
    `shared`: they are a copy that nobody changes, for several consumers who only read.
    """

    head: bytes
    buffers: tuple[memoryview, ...] = ()
    shared: bool = False

    def to_share(self) -> Parcel:
        """The same with a copy of the buffers, for several who read them."""
        return Parcel(self.head, tuple(memoryview(bytes(buffer)) for buffer in self.buffers), shared=True)

    @property
    def nbytes(self) -> int:
        """The bytes of all of it."""
        return len(self.head) + sum(buffer.nbytes for buffer in self.buffers)


def pack_parcel(edge: str, items: list, least: int = LEAST) -> Parcel:
    """A batch as a parcel. Raises PeFailed naming the edge and the part of the item that can't be pickled."""
    try:
        head, buffers = pack_apart(items, least)
    except Uncopyable as error:
        raise PeFailed(f"{edge}: {error}") from None
    return Parcel(head, tuple(buffers))


def unpack_parcel(head: Any, buffers: Iterable[Any] = ()) -> list[Any]:
    """The items of a parcel.

    Args:
        head: a bytes-like object.
        buffers: writable memory with the content of the parcel's buffers, in their order. The items keep it.

    Raises RunFailed for an item that can't be made again from its pickle.
    """
    return unpack(head, buffers)


def places_of(head: Any) -> Head | None:
    """What a parcel's head says of the places of its items; None on channels without."""
    packed = head_of(head)
    return Head.loaded(packed) if packed is not None else None


def sizes(head: Any) -> list[int]:
    """The sizes in bytes of the buffers that belong to a parcel's head. Raises RunFailed if it isn't one."""
    try:
        return apart(head)
    except Exception as error:
        raise RunFailed(f"what came over a channel is no batch of items: {error}") from error
