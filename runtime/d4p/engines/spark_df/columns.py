"""Items as columns, on a channel to an aggregate PE whose work Spark does: a row an item, of the fields that it takes.

An item that isn't exactly of its declared types is neither changed nor refused. From the batch on that holds one, an
instance packs all that it sends to that instance of the consumer; so the PE is given what Spark made of the first items
and then, in their order, the rest.

On a channel between two stages that Python runs, columns cost more than packed items: a word count took 1.9 times the
CPU with a row an item, 1.4 times with a row a batch and arrays of columns (`python -m tests.benchmarks columns`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from d4p.engines.spark.outbox import Packed
from d4p.engines.spark.task import Aggregated
from d4p.stage.channel import Channel

#: `{column: (field of the item, type)}` of a channel; the field None stands for no more than the number of items.
Wanted = Mapping[str, tuple[int | str | None, str]]
#: What a row is known by besides its columns; rows of packed items, which have no columns, are a group each.
KEYS = ["dest", "channel", "producer", "sequence", "items"]
#: The types of a schema: the one class of their values, in Arrow, in Spark.
_TYPES = {
    "int64": (int, pa.int64(), "long"),
    "float64": (float, pa.float64(), "double"),
    "bool": (bool, pa.bool_(), "boolean"),
    "string": (str, pa.string(), "string"),
    "binary": (bytes, pa.binary(), "binary"),
}
#: A group holds about as many rows of one producer instance, so that the halves of `exact_sum` fit into 64 bits.
_GROUP_BITS = 30
#: Items by which the size of a batch is estimated, and what one is taken to have that can't be pickled.
_SAMPLE, _UNKNOWN = 16, 64 << 10


@dataclass(frozen=True)
class Columns:
    """A batch of items as columns; `group` numbers the groups that a producer's rows are in."""

    arrays: dict[str, pa.Array]
    group: int

    @property
    def rows(self) -> int:
        return len(next(iter(self.arrays.values())))

    @property
    def size(self) -> int:
        """In bytes, keys too."""
        return 24 * self.rows + sum(array.nbytes for array in self.arrays.values())


def ddl(channels: Mapping[Channel, Wanted]) -> str:
    """The columns of a stage's channels, as they follow those that every batch has."""
    return "".join(f", `{name}` {_TYPES[kind][2]}" for name, kind in _kinds(channels).items())


def fields(channels: Mapping[Channel, Wanted]) -> list[tuple[str, pa.DataType]]:
    """The same in Arrow."""
    return [(name, _TYPES[kind][1]) for name, kind in _kinds(channels).items()]


def _kinds(channels: Mapping[Channel, Wanted]) -> dict[str, str]:
    return {name: kind for wanted in channels.values() for name, (_, kind) in wanted.items()}


def form(wanted: Wanted) -> Callable[[Packed], Packed]:
    """How batches for one instance of the consumer are made: as columns while all items fit, then packed."""

    def of(packed: Packed) -> Packed:
        fit, rows = True, 0

        def make(items: list) -> tuple[Any, int]:
            nonlocal fit, rows
            arrays = _arrays(wanted, items) if fit else None
            if arrays is None:
                fit = False
                return packed(items)
            made = Columns(arrays, rows >> _GROUP_BITS)
            rows += made.rows
            return made, _estimated(items, packed)

        return make

    return of


def _estimated(items: list, packed: Packed) -> int:
    """About how many bytes the items of a batch hold, fields that don't travel too: by this batches are bounded."""
    some = items[-_SAMPLE:]
    try:
        size = packed(some)[1]
    except Exception:  # an item that can't be pickled needn't be
        size = _UNKNOWN * len(some)
    return size * len(items) // len(some)


def _arrays(wanted: Wanted, items: list) -> dict[str, pa.Array] | None:
    """The columns of a batch; None where an item isn't exactly what was declared."""
    found = {}
    for name, (field, kind) in wanted.items():
        if field is None:
            found[name] = pa.array([len(items)], pa.int64())
            continue
        if set(map(type, items)) != {dict if isinstance(field, str) else tuple}:
            return None
        cls, arrow, _ = _TYPES[kind]
        try:
            values = list(map(itemgetter(field), items))
            if set(map(type, values)) != {cls}:
                return None
            array = pa.array(values, arrow)
        except (LookupError, OverflowError, UnicodeEncodeError, pa.ArrowException):
            return None  # no such field, more than 64 bits, a lone surrogate
        if not isinstance(array, pa.Array):  # more bytes than one array holds
            return None
        found[name] = array
    return found


def record_batch(records: list[tuple[tuple, Columns]], schema: pa.Schema) -> pa.RecordBatch:
    """Batches with their keys as rows, in which nothing is packed."""
    keys = []
    for place, field in enumerate(schema.names[:4]):
        ours = (value for value in _keys(records, place))
        keys.append(pa.concat_arrays([
            pa.repeat(pa.scalar(value, schema.field(field).type), columns.rows)
            for value, (_, columns) in zip(ours, records, strict=True)
        ]))  # fmt: skip
    rest = [
        pa.concat_arrays([columns.arrays.get(field.name, pa.nulls(columns.rows, field.type)) for _, columns in records])
        for field in list(schema)[4:]
    ]
    return pa.RecordBatch.from_arrays([*keys, *rest], schema=schema)


def _keys(records: Iterable[tuple[tuple, Columns]], place: int) -> Iterator[int]:
    """One of the four keys of each batch. The sequence of rows is that of their group, before that of packed items."""
    return (key[place] if place < 3 else -1 - columns.group for key, columns in records)


def aggregated(batch: pa.RecordBatch, row: int) -> Aggregated:
    """A row of what Spark made: keys, the number of items, a value for each field."""
    count, *values = (batch.column(place)[row].as_py() for place in range(len(KEYS), batch.num_columns))
    kinds = batch.schema.types[len(KEYS) + 1 :]
    return Aggregated(count, tuple(int(v) if pa.types.is_decimal(k) else v for v, k in zip(values, kinds, strict=True)))


def exact_sum(column: str) -> Column:
    """The sum of 64-bit ints, which may have more bits, as in Python: of the upper and the lower 32 by themselves."""
    upper, lower = F.sum(F.shiftright(column, 32)), F.sum(F.col(column).bitwiseAND(F.lit(0xFFFFFFFF)))
    return upper.cast("decimal(20,0)") * F.lit(1 << 32).cast("decimal(10,0)") + lower.cast("decimal(20,0)")

