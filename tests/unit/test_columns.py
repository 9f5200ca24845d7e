"""Batches as columns: just what was declared, or packed; and never columns again after."""

from __future__ import annotations

import math
import pickle

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d4p.engines.spark_df import batches, columns
from d4p.engines.spark_df.columns import Columns, aggregated, ddl, fields, form, record_batch


class Text(str):
    """A str of another class."""


PAIRS = {"word_2": (0, "string"), "n_2": (1, "int64")}
ALL = {"s": (0, "string"), "i": (1, "int64"), "f": (2, "float64"), "b": (3, "binary"), "t": (-1, "bool")}
values = st.tuples(
    st.one_of(st.text(), st.sampled_from(["\ud800", Text("a")])),
    st.one_of(st.integers(), st.booleans()),
    st.one_of(st.floats(), st.integers(0, 2)),
    st.one_of(st.binary(), st.just(bytearray(b"a"))),
    st.one_of(st.booleans(), st.integers(0, 1)),
)


def packed(items):
    blob = pickle.dumps(items)
    return blob, len(blob)


def same(a, b):
    return type(a) is type(b) and (a == b and math.copysign(1, a) == math.copysign(1, b) or a != a and b != b
                                   if type(a) is float else a == b)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.lists(values, min_size=1, max_size=4), max_size=5))
def test_columns_hold_the_very_values_or_all_is_packed_from_there_on(some):
    make, fit = form(ALL)(packed), True
    for items in some:
        made, size = make(items)
        assert size > 0
        exact = all(
            [type(v) for v in item] == [str, int, float, bytes, bool] and -(1 << 63) <= item[1] < 1 << 63
            and not any("\ud800" <= c <= "\udfff" for c in item[0]) for item in items
        )
        fit = fit and exact
        assert isinstance(made, Columns) == fit
        if fit:
            back = zip(*(made.arrays[name].to_pylist() for name in ALL), strict=True)
            assert all(same(x, y) for new, old in zip(back, items, strict=True) for x, y in zip(new, old, strict=True))


@pytest.mark.parametrize("item", [["a", 1], ("a",), {"a": 1}, ("a", 1 << 63), ("a", None), "ab", 7])
def test_what_is_packed(item):
    make = form(PAIRS)(packed)
    assert isinstance(make([("a", 1)])[0], Columns)
    assert make([("a", 1), item])[0] == pickle.dumps([("a", 1), item])
    assert make([("a", 1)])[0] == pickle.dumps([("a", 1)])


def test_fields_of_dicts():
    make = form({"n": ("n", "int64")})(packed)
    assert make([{"n": 1, "more": [2]}])[0].arrays["n"].to_pylist() == [1]
    assert isinstance(make([{"m": 1}])[0], bytes)


def test_a_count_takes_any_items_and_sizes_are_those_of_the_items():
    make = form({"items_2": (None, "int64")})(packed)
    made, small = make([object(), lambda: None, ("a", 1)])
    assert made.arrays["items_2"].to_pylist() == [3]
    _, large = make([bytes([i]) * 1000 for i in range(100)])
    assert 90_000 < large < 120_000 and small > 1000  # what can't be pickled may be large


def test_rows_of_one_producer_are_in_groups_that_cannot_overflow(monkeypatch):
    monkeypatch.setattr(columns, "_GROUP_BITS", 4)
    make = form(PAIRS)(packed)
    assert [make([("a", i)] * 10)[0].group for i in range(4)] == [0, 0, 1, 1]


def test_rows_have_their_keys_and_nothing_in_others_columns():
    channels = {1: PAIRS, 2: {"items_3": (None, "int64")}}
    schema = pa.schema([*batches._SCHEMA, *fields(channels)])
    first, _ = form(PAIRS)(packed)([("a", 1), ("b", 2)])
    second, _ = form(channels[2])(packed)([None] * 5)
    made = record_batch([((4, 1, 7, 99), first), ((0, 2, 7, 98), second)], schema)
    assert ddl(channels) == ", `word_2` string, `n_2` long, `items_3` long"
    assert [tuple(row.values()) for row in made.to_pylist()] == [
        (4, 1, 7, -1, None, "a", 1, None), (4, 1, 7, -1, None, "b", 2, None), (0, 2, 7, -1, None, None, None, 5)]


def test_what_spark_made_is_a_count_and_values_of_python():
    from decimal import Decimal

    sums = pa.array([Decimal(2**70)], pa.decimal128(38, 0))
    batch = pa.RecordBatch.from_arrays([*[pa.nulls(1)] * 5, pa.array([3]), sums, pa.array(["b"])],
                                       names=[*"dcpsi", "count(n)", "n", "max(w)"])  # fmt: skip
    found = aggregated(batch, 0)
    assert (found.count, found.values) == (3, (2**70, "b")) and type(found.values[0]) is int
