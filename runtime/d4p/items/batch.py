"""Items side by side, each field of theirs a column: what `process_batch` takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from d4p.host.imported import imported


class Batch(Sequence):
    """Items of one form, as an item whose fields are columns.

    Args:
        columns: one of

            - a column: an array of shape (items, ...) or a list, whose elements are the items;
            - a tuple or NamedTuple of columns: the items are such tuples;
            - a dict of columns: the items are dicts with the same keys.

    Raises ValueError where the columns have different lengths.

    >>> batch = Batch({"name": ["a", "b"], "n": [1, 2]})
    >>> len(batch), batch[1]
    (2, {'name': 'b', 'n': 2})
    """

    __slots__ = ("_length", "columns")

    def __init__(self, columns: Any) -> None:
        self.columns = columns
        lengths = {len(column) for column in _parts(columns)}
        if len(lengths) != 1:
            raise ValueError(f"the columns of a batch must have one length; they have {sorted(lengths)}")
        (self._length,) = lengths

    @classmethod
    def stack(cls, items: Sequence[Any]) -> Batch:
        """Items as a batch: arrays of one dtype and shape (n, ...) become one array, other values a list. Arrays can't
        be changed through it, and other values must not be: they may be those of many batches."""
        form = type(items[0])
        if all(type(item) is form for item in items):
            if form is dict and items[0] and all(item.keys() == items[0].keys() for item in items):
                return cls({key: _column([item[key] for item in items]) for key in items[0]})
            if (form is tuple or hasattr(form, "_make")) and items[0] and len(set(map(len, items))) == 1:
                return cls(_made(items[0], [_column(values) for values in zip(*items, strict=True)]))
        return cls(_column(items))

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        """An item; of a slice the batch of its items, whose arrays are views."""
        found = _mapped(itemgetter(index), self.columns)
        return Batch(found) if isinstance(index, slice) else found

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self._length))

    def __repr__(self) -> str:
        return f"<Batch of {self._length:,}: {self[0]!r:.60}, ...>" if self._length else "<Batch of none>"


def read_only(batch: Sequence[Any]) -> Sequence[Any]:
    """The same batch for several readers: arrays can't be changed through it."""
    return Batch(_mapped(_read_only, batch.columns)) if isinstance(batch, Batch) else batch


def _read_only(column: Any) -> Any:
    if not hasattr(column, "flags") or not column.flags.writeable:
        return column
    view = column.view()
    view.flags.writeable = False
    return view


def _mapped(function: Callable[[Any], Any], columns: Any) -> Any:
    if isinstance(columns, dict):
        return {key: function(column) for key, column in columns.items()}
    return _made(columns, list(map(function, columns))) if isinstance(columns, tuple) else function(columns)


def _parts(columns: Any) -> Sequence[Any]:
    if isinstance(columns, dict):
        return list(columns.values())
    return columns if isinstance(columns, tuple) else [columns]


def _made(like: tuple, fields: list[Any]) -> tuple:
    """A tuple of the same type."""
    make = getattr(like, "_make", None)
    return make(fields) if make else tuple(fields)


def _column(values: Sequence[Any]) -> Any:
    np = imported("numpy")
    first = values[0]
    if np is None or type(first) is not np.ndarray or first.dtype.hasobject:
        return [_read_only(value) for value in values]
    kind = first.dtype, first.shape
    if not all(type(value) is np.ndarray and (value.dtype, value.shape) == kind for value in values):
        return [_read_only(value) for value in values]
    stacked = np.stack(values, out=np.empty((len(values), *first.shape), first.dtype))  # of this byte order, too
    stacked.flags.writeable = False
    return stacked
