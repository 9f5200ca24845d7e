"""Items on their way: copies for several consumers, and batches as bytes.

An item is as it was when it was written, and what one consumer changes no other sees. So a copy is deep, and items that
cross a channel share nothing with each other, while identity inside an item is kept.
"""

from __future__ import annotations

import copy
import copyreg
import datetime as dt
import io
import marshal
import pickle
import struct
import types
import uuid
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any

from d4p.errors import RunFailed
from d4p.host.imported import imported
from d4p.items.arrays import MARK, pack_arrays, unpack_arrays
from d4p.items.arrays import sizes as array_sizes
from d4p.items.itemjson import dumps_json, loads_json, to_json
from d4p.items.whypickle import why_unpicklable

__all__ = [
    "Uncopyable", "apart", "dumps_json", "head_of", "headed", "loads_json", "own", "pack", "pack_apart", "to_json",
    "unpack", "why_unpicklable",
]  # fmt: skip

# What marshal writes, and reads as it was. Its format may change with Python's minor version, which all processes of a
# run share (Spark asks for it); from version 3 of it on a long text that many items share is written once.
_MARSHALLED = frozenset({type(None), bool, int, float, complex, str, bytes})
_MARSHAL = 4
#: From that version on it marks what others hold as well, as a thread that looks at what is in hand does for a moment.
#: What must be written alike each time is pickled, without a memo: as fast, and less of it. An item of more bytes may
#: have a text in it that many share, and is pickled with one.
_LONG = 1024
#: Nobody can change these, so nobody can tell whether they are shared.
ATOMS = _MARSHALLED | {Decimal, Fraction, uuid.UUID, range, dt.date, dt.datetime, dt.time, dt.timedelta}
_NAMED = (type, types.FunctionType, types.BuiltinFunctionType)
# A batch that is one list begins as marshal's or pickle's does. Another begins with this byte, the number of its items,
# the number of its buffers; then come the end of each item's pickle and the size of each buffer; then the pickles; the
# buffers, but for those whose size is marked: they lie beside the batch, in the order of their sizes.
_ONE_BY_ONE = b"I"
_APART = 1 << 63  # in the size of a buffer that lies beside the batch
# One that has a head begins with this byte and the length of the head; then come the head and the batch itself.
_HEADED = b"H"
_LISTS = (b"[", b"\xdb")  # of marshal: without and with references to what it holds twice
_COUNTS, _LENGTH = struct.Struct("<cQQ"), struct.Struct("<cI")


class Uncopyable(RunFailed, TypeError):
    """An item that can neither be pickled nor copied."""


def own(item: Any) -> Any:
    """The item for one more consumer: nothing that can be changed is shared with the original.

    What cannot be changed is handed back as it is. numpy arrays keep their memory order. Raises Uncopyable.

    >>> words = ["a", "b"]
    >>> own(words) == words, own(words) is words
    (True, False)
    """
    cls = type(item)
    if cls in ATOMS or isinstance(item, _NAMED):
        return item
    if cls is tuple:
        if ATOMS.issuperset(map(type, item)):
            return item
    elif cls is dict:
        if ATOMS.issuperset(map(type, item.values())) and ATOMS.issuperset(map(type, item)):
            return item.copy()
    elif cls is list:
        if ATOMS.issuperset(map(type, item)):
            return item.copy()
    elif cls is frozenset and ATOMS.issuperset(map(type, item)):
        return item
    np = imported("numpy")
    if np is not None:
        if isinstance(item, np.generic) and not isinstance(item, np.void):
            return item
        if isinstance(item, np.ndarray) and not item.dtype.hasobject:
            return _own_array(item, np)
        if cls in (tuple, list, dict):
            rebuilt = _own_flat(item, cls, np)
            if rebuilt is not None:
                return rebuilt
    return _own_any(item)


def _own_array(item: Any, np: Any) -> Any:
    """A copy in the same memory order. A masked array, and a subclass that says how it is pickled, goes that way."""
    cls = type(item)
    if cls is np.ndarray:
        return item.copy(order="K")
    if cls.__reduce__ is not np.ndarray.__reduce__ or cls.__reduce_ex__ is not np.ndarray.__reduce_ex__:
        return _own_any(item)
    duplicate = item.copy(order="K")
    for name, value in vars(duplicate).items() if hasattr(duplicate, "__dict__") else ():
        duplicate.__dict__[name] = own(value)
    return duplicate


def _own_flat(item: Any, cls: type, np: Any) -> Any:
    """A tuple, list or dict of atoms and of arrays: the usual item with data. Otherwise None."""
    values = list(item.values()) if cls is dict else list(item)
    if cls is dict and not ATOMS.issuperset(map(type, item)):
        return None
    arrays = 0
    for position, value in enumerate(values):
        kind = type(value)
        if kind is np.ndarray and not value.dtype.hasobject:
            values[position] = value.copy(order="K")
            arrays += 1
        elif kind not in ATOMS and not (isinstance(value, np.generic) and kind is not np.void):
            return None
    if arrays > 1 and _an_array_twice(item.values() if cls is dict else item, np):
        return None
    return dict(zip(item, values, strict=True)) if cls is dict else values if cls is list else tuple(values)


def _an_array_twice(values: Iterable[Any], np: Any) -> bool:
    ids = [id(value) for value in values if type(value) is np.ndarray]
    return len(set(ids)) < len(ids)


def _own_any(item: Any) -> Any:
    try:
        return _pickled_and_back(item)
    except Exception:
        pass  # an item that cannot travel may still be copied here
    try:
        return copy.deepcopy(item)
    except Exception as error:
        raise Uncopyable(
            "an item must be copied for each of several consumers, and for a policy that has another try at it or sets "
            "it aside; got one that can be neither pickled nor deep-copied: a "
            f"{type(item).__qualname__}, {why_unpicklable(item) or error}. "
            "Write the values it is made from instead"
        ) from error


def _pickled_and_back(item: Any) -> Any:
    buffers: list[pickle.PickleBuffer] = []
    blob = pickle.dumps(item, 5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    if any(view.readonly for view in views):  # would come back read-only
        return _unpack_one_by_one(_pack_one_by_one([item])[0], iter(()))[0]
    return pickle.loads(blob, buffers=map(bytearray, views))


def pack(items: list, again: bool = False) -> bytes:
    """A batch as bytes. Each item is pickled for itself, so that an object written twice arrives as two.

    Where the items hold nothing that can be shared, one pickle of the whole list is the same thing and is used. Large
    buffers (numpy arrays) lie behind the pickles, copied once. `again`: the same items give the same bytes whoever else
    holds them, as where a task that is run again is compared with itself. Raises Uncopyable, naming the item and the
    part of it.
    """
    packed = _packed_whole(items, again)
    return _pack_one_by_one(items)[0] if packed is None else packed


def _packed_whole(items: list, again: bool = False) -> bytes | None:
    """One pickle of all items, where they hold nothing that can be shared; `again`: the same bytes each time."""
    kinds = set(map(type, items))
    if kinds <= ATOMS:
        return _pack_whole(items, kinds, again)
    if kinds == {tuple}:
        inner = set(map(type, chain.from_iterable(items)))
        if inner <= ATOMS:
            return _pack_whole(items, inner, again)
    elif kinds == {dict}:
        # The items can be changed, so no item may be there twice; what they hold can't be.
        inner = set(map(type, chain.from_iterable(items)))
        if inner <= ATOMS and len(set(map(id, items))) == len(items):
            inner = set(map(type, chain.from_iterable(map(dict.values, items))))
            if inner <= ATOMS:
                return _pack_whole(items, inner, again)
    elif kinds == {list} and len(set(map(id, items))) == len(items):
        inner = set(map(type, chain.from_iterable(items)))
        if inner <= ATOMS:
            return _pack_whole(items, inner, again)
    return None


def unpack(blob: bytes | bytearray | memoryview, beside: Iterable[Any] = ()) -> list:
    """The items of a batch. numpy arrays are writable. Raises RunFailed for an item that was pickled and can't be made
    again, as an exception whose `__init__` takes other arguments than it hands to its base class.

    The buffers `beside` it, if there are any, become the items' own memory.
    """
    try:
        first = bytes(blob[:1])  # of a memoryview whose bytes may be signed, as Arrow's are
        if first == _HEADED:
            blob = memoryview(blob)[_length(blob) :]
            first = bytes(blob[:1])
        if first in _LISTS:
            return marshal.loads(blob)
        if first == MARK:
            return unpack_arrays(blob, beside)
        return _unpack_one_by_one(blob, iter(beside)) if first == _ONE_BY_ONE else pickle.loads(blob)
    except Exception as error:
        raise RunFailed(
            f"an item can't be made again from its pickle: {type(error).__name__}: {error}. Give its class a "
            "__reduce__(), or let an exception's __init__ hand all its arguments to super().__init__()"
        ) from error


def _pack_whole(items: list, kinds: set[type], again: bool = False) -> bytes:
    if kinds <= _MARSHALLED:
        if not again:
            with suppress(ValueError):  # of 2 GiB and more
                return marshal.dumps(items, _MARSHAL)  # at several times the speed
        elif complex not in kinds:  # whose every item would name the function that makes it
            packed = _pickled_without_memo(items)
            if len(packed) <= _LONG * len(items):
                return packed
    return pickle.dumps(items, 5)  # with its memo: a long text that many items share is written once


def _pickled_without_memo(items: list) -> bytes:
    written = io.BytesIO()
    pickler = pickle.Pickler(written, 5)
    pickler.fast = True
    pickler.dump(items)
    return written.getvalue()


def pack_apart(items: list, least: int) -> tuple[bytes, list[memoryview]]:
    """A batch as bytes, as `pack` makes them, but for the buffers of at least so many bytes, which are given beside it.

    They are the items' own memory, not copied: whoever sends them is done with them before the items may change.    """
    packed = pack_arrays(items, least)
    if packed is not None:
        return packed
    whole = _packed_whole(items)
    return (whole, []) if whole is not None else _pack_one_by_one(items, least)


def headed(head: bytes, batch: bytes) -> bytes:
    """A batch behind a head, which `head_of` gives and all else ignores."""
    return b"".join((_LENGTH.pack(_HEADED, len(head)), head, batch))


def head_of(batch: bytes | bytearray | memoryview) -> bytes | None:
    """The head of a batch, None where it has none."""
    return bytes(batch[_LENGTH.size : _length(batch)]) if bytes(batch[:1]) == _HEADED else None


def _length(batch: bytes | bytearray | memoryview) -> int:
    return _LENGTH.size + _LENGTH.unpack_from(batch)[1]


def apart(head: bytes | bytearray | memoryview) -> list[int]:
    """The sizes in bytes of the buffers that lie beside a batch."""
    first = bytes(head[:1])
    if first == _HEADED:
        head = memoryview(head)[_length(head) :]
        first = bytes(head[:1])
    if first != _ONE_BY_ONE:
        return array_sizes(head) if first == MARK else []
    _, count, buffers = _COUNTS.unpack_from(head)
    table = struct.unpack_from(f"<{buffers}Q", head, _COUNTS.size + 8 * count) if buffers else ()
    return [size & ~_APART for size in table if size & _APART]


def _pack_one_by_one(items: list, least: int | None = None) -> tuple[bytes, list[memoryview]]:
    stream = io.BytesIO()
    buffers: list[pickle.PickleBuffer] = []
    pickler = pickle.Pickler(stream, 5, buffer_callback=buffers.append)
    np = imported("numpy")
    if np is not None:
        pickler.dispatch_table = {**copyreg.dispatch_table, np.ndarray: _reduce_array}
    dump, forget, tell = pickler.dump, pickler.clear_memo, stream.tell
    ends: list[int] = []
    try:
        for item in items:
            dump(item)
            forget()
            ends.append(tell())
    except Exception as error:
        item = items[len(ends)]
        raise Uncopyable(
            f"items that go to another process must be picklable, got a {type(item).__qualname__} that isn't: "
            f"{why_unpicklable(item) or error}. Write the values it is made from instead, or leave that part out "
            "in a __getstate__()"
        ) from error
    raw = [buffer.raw() for buffer in buffers]
    from_size = float("inf") if least is None else least
    beside = [view for view in raw if view.nbytes >= from_size]
    sizes = [view.nbytes | _APART if view.nbytes >= from_size else view.nbytes for view in raw]
    inside = [view for view in raw if view.nbytes < from_size]
    table = struct.pack(f"<{len(ends) + len(raw)}Q", *ends, *sizes)
    return b"".join([_COUNTS.pack(_ONE_BY_ONE, len(ends), len(raw)), table, stream.getbuffer(), *inside]), beside


def _reduce_array(array: Any) -> tuple:
    """A read-only array is pickled as a copy, or it would arrive read-only."""
    return (array if array.flags.writeable else array.copy(order="K")).__reduce_ex__(5)


def _unpack_one_by_one(blob: bytes | bytearray | memoryview, beside: Iterator[Any]) -> list:
    view = memoryview(blob)
    _, count, buffer_count = _COUNTS.unpack_from(view)
    table = struct.unpack_from(f"<{count + buffer_count}Q", view, _COUNTS.size)
    start = _COUNTS.size + 8 * len(table)
    end = start + (table[count - 1] if count else 0)
    buffers = []
    for size in table[count:]:
        if size & _APART:
            buffers.append(next(beside))
            continue
        buffers.append(bytearray(view[end : end + size]))  # memory of its own, and writable
        end += size
    following = iter(buffers)  # each item takes its own from the front
    loads, items, begin = pickle.loads, [], start
    for stop in table[:count]:
        items.append(loads(view[begin : start + stop], buffers=following))
        begin = start + stop
    return items
