"""A batch is its items, side by side, and nobody's arrays are changed through it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from d4p import Batch
from d4p.items.batch import read_only


class Station(NamedTuple):
    name: str
    at: np.ndarray


def stations(count):
    return [Station(f"s{n}", np.arange(3) + n) for n in range(count)]


def arrays(*shapes, dtype="f8"):
    return [np.zeros(shape, dtype) for shape in shapes]


@pytest.mark.parametrize("items", [
    [1, 2], ["a", 2], [{"a": 1, "b": 2}, {"a": 3, "b": 4}], [{"a": 1}, {"b": 2}], [{"a": 1}, {"a": 2, "b": 3}],
    [{}, {}], [(1, 2), (3, 4)], [(1, 2), (1,)], [(), ()], [(1, 2), [3, 4]], [{"a": 1}, ("a",)], [[1, 2], [3, 4]],
    ["ab", "cd"], [(1, 2), "ab"], [Station("a", 1), ("b", 2)], [Station("a", 1), Station("b", 2)],
    [{"a": 1}, {"a": 2}, 7], [(1, 2)], [{"a": 1}], [Station("a", 1)], ["a"],
], ids=str)  # fmt: skip
def test_any_items_come_back_as_they_were(items):
    batch = Batch.stack(items)
    assert list(batch) == items and list(map(type, batch)) == list(map(type, items)) and len(batch) == len(items)
    assert batch[-1] == items[-1] and type(batch[0]) is type(items[0])


def test_fields_are_columns():
    assert Batch.stack([(1, "a"), (2, "b")]).columns == ([1, 2], ["a", "b"])
    assert Batch.stack([{"n": 1, "w": "a"}, {"n": 2, "w": "b"}]).columns == {"n": [1, 2], "w": ["a", "b"]}
    found = Batch.stack(stations(4)).columns
    assert type(found) is Station and found.name == ["s0", "s1", "s2", "s3"] and found.at.shape == (4, 3)
    assert Batch.stack([[1, 2], [3, 4]]).columns == [[1, 2], [3, 4]]  # a list is one value, as text is
    assert Batch.stack([(1, "a"), (2,)]).columns == [(1, "a"), (2,)]
    assert Batch.stack([{"n": 1}, {"n": 1, "w": "a"}]).columns == [{"n": 1}, {"n": 1, "w": "a"}]


@pytest.mark.parametrize("dtype", [">i4", "<i4", "M8[s]", "S3"])
def test_a_column_is_of_the_very_dtype_of_its_items(dtype):
    found = Batch.stack(arrays(3, 3, dtype=dtype)).columns.dtype
    assert found == np.dtype(dtype) and found.byteorder == np.dtype(dtype).byteorder


def test_arrays_of_one_form_are_one_array_and_others_a_list():
    found = Batch.stack(arrays((2, 3), (2, 3))).columns
    assert type(found) is np.ndarray and found.shape == (2, 2, 3)
    for items in (arrays(2, 3), [*arrays(2), *arrays(2, dtype="f4")], [*arrays(2), [0.0, 0.0]], [[0.0], *arrays(1)],
                  [*arrays(2), np.ma.array([0.0, 1.0])], [np.array([None]), np.array([{}])]):  # fmt: skip
        found = Batch.stack(items).columns
        assert type(found) is list and list(map(type, found)) == list(map(type, items))
        assert all(np.array_equal(a, b) for a, b in zip(found, items, strict=True))


@pytest.mark.parametrize("items", [
    arrays(2, 2), arrays(2, 3), [(1, a) for a in arrays(2, 3)], [{"a": a} for a in arrays(2, 2)],
    [{"a": a} for a in arrays(2, 3)], [np.ma.array([1.0, 2.0])] * 2,
])  # fmt: skip
def test_arrays_cannot_be_changed_through_it(items):
    """And whoever wrote them may still."""
    theirs, mine = (item["a"] if type(item) is dict else item[1] if type(item) is tuple else item
                    for item in (Batch.stack(items)[0], items[0]))  # fmt: skip
    with pytest.raises(ValueError, match="read-only"):
        theirs[0] = 7
    mine[0] = 7
    assert mine[0] == 7


def test_the_same_batch_for_several_readers():
    mine = np.zeros((2, 3))
    for columns, one in ((mine, lambda b: b.columns), ((mine, [1, 2]), lambda b: b.columns[0]),
                         ({"a": mine, "b": ["x", "y"]}, lambda b: b.columns["a"])):  # fmt: skip
        theirs = read_only(Batch(columns))
        assert type(theirs) is Batch and type(theirs.columns) is type(columns)
        assert np.shares_memory(one(theirs), mine) and not one(theirs).flags.writeable and mine.flags.writeable
        assert one(read_only(theirs)) is one(theirs)  # nothing to do a second time
    items = [1, 2]
    assert read_only(items) is items


def test_a_slice_is_a_batch_of_views():
    batch = Batch({"a": np.arange(6), "b": list("abcdef")})
    part = batch[1:3]
    assert type(part) is Batch and len(part) == 2 and list(part) == [{"a": 1, "b": "b"}, {"a": 2, "b": "c"}]
    assert np.shares_memory(part.columns["a"], batch.columns["a"])
    assert list(batch[::-2]) == [{"a": 5, "b": "f"}, {"a": 3, "b": "d"}, {"a": 1, "b": "b"}]
    found = Batch(Station(["x", "y"], np.arange(2)))[:1]
    assert type(found.columns) is Station and found[0] == ("x", 0)
    with pytest.raises(IndexError):
        batch[6]


@pytest.mark.parametrize("columns", [([1, 2], [1]), {"a": [1], "b": []}, (np.zeros(2), [1, 2, 3]), (), {}], ids=str)
def test_columns_of_different_lengths_are_refused(columns):
    with pytest.raises(ValueError, match="must have one length"):
        Batch(columns)


def test_how_it_is_printed():
    assert repr(Batch([])) == "<Batch of none>" and repr(Batch([7] * 1200)) == "<Batch of 1,200: 7, ...>"
    assert len(repr(Batch(["x" * 1000]))) < 100
