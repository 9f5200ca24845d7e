"""The borders of what JSON has a word for: what is written itself, what is pickled, and what is believed of a file."""

from __future__ import annotations

import collections
import datetime as dt
import threading

import numpy as np
import pytest

from d4p.items.itemjson import dumps_json, is_pickled, loads_json, to_json


def back(item):
    return loads_json(dumps_json(item), unpickle=True)


def test_what_is_pickled_says_what_it_is():
    assert set(to_json(1j)) == {"$pickle", "repr"} and to_json(1j)["repr"] == "1j"
    assert to_json(threading.Lock())["repr"].startswith("<unlocked _th")
    assert is_pickled(to_json({1: 2})) and is_pickled(loads_json(dumps_json({1: 2})))
    for other in (None, [], {}, "repr", {"repr": "a"}, {"$pickle": "", "repr": 1},
                  {"$pickle": "", "repr": "", "more": 1}):  # fmt: skip
        assert not is_pickled(other)
    assert back({"$pickle": "", "repr": ""}) == {"$pickle": "", "repr": ""}  # a dict of the user's that looks like one
    assert loads_json('{"$pickle": "x"}', unpickle=True) == {"$pickle": "x"}


def test_long_integers():
    """Python reads no more than 4,300 digits."""
    longest = (1 << 9_999) - 1
    assert to_json(longest) == longest and to_json(-longest) == -longest and back(longest) == longest
    assert is_pickled(to_json(longest + 1)) and back(longest + 1) == longest + 1


def test_containers():
    for made in (collections.OrderedDict(a=1), collections.defaultdict(int, a=1), collections.Counter(a=1), {"a": 1}):
        assert to_json(made) == {"a": 1}
    assert to_json([(1, [2]), {"a": (3,)}]) == [[1, [2]], {"a": [3]}]
    own = type("Own", (dict,), {})(a=1)
    assert set(to_json(own)) == {"repr"} or is_pickled(to_json(own))  # a class may mean more than its items
    for made in ({"a": 1, 2: 3}, {"a": 1, "$b": 2}, {np.str_("a"): 1}):
        assert is_pickled(to_json(made))
    assert to_json({"a$": 1}) == {"a$": 1}
    loop = [1]
    loop.append(loop)
    assert is_pickled(to_json(loop)) and is_pickled(to_json({"a": 1, 2: {3}}))
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert set(to_json(deep)) == {"repr"}


def test_numbers_that_json_has_no_word_for():
    assert to_json([float("nan"), float("inf"), float("-inf"), 1.5, -0.0]) == [
        {"$float": "nan"}, {"$float": "inf"}, {"$float": "-inf"}, 1.5, 0.0]  # fmt: skip
    for word in ("nan", "inf", "-inf"):
        assert repr(loads_json(f'{{"$float": "{word}"}}')) == word
    for text in ('{"$float": "1.5"}', '{"$float": "nan", "a": 1}', '{"float": "nan"}'):
        assert type(loads_json(text)) is dict


def test_times():
    assert to_json(dt.date(2020, 1, 2)) == "2020-01-02" and to_json(dt.time(3, 4)) == "03:04:00"
    assert to_json(dt.datetime(2020, 1, 2, tzinfo=dt.timezone.utc)) == "2020-01-02T00:00:00+00:00"
    assert to_json(np.array(["2020-01-02T03", "NaT"], "M8[h]")) == ["2020-01-02T03", "NaT"]
    assert is_pickled(to_json(dt.timedelta(1)))


def test_obspy_times():
    obspy = pytest.importorskip("obspy")
    for ns, said in ((0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
                     (1_500, "1970-01-01T00:00:00.000001500Z"), (1_000_002_000, "1970-01-01T00:00:01.000002Z")):
        assert to_json(obspy.UTCDateTime(ns=ns)) == said
    assert to_json({"stats": obspy.core.AttribDict(a=(1, 2))}) == {"stats": {"a": [1, 2]}}


@pytest.mark.parametrize(("array", "expected"), [
    (np.array(True), True), (np.uint8(7), 7), (np.array([[1.5]], "f4"), [[1.5]]), (np.array(["a", ""]), ["a", ""]),
    (np.array([], "i4"), []), (np.array([[np.inf]]), [[{"$float": "inf"}]]), (np.array([None, "a", {"b": 1}]), [
        None, "a", {"b": 1}]),
    (np.float16(0.5), 0.5), (np.array([1.0, -np.inf]), [1.0, {"$float": "-inf"}]),
], ids=repr)  # fmt: skip
def test_arrays(array, expected):
    assert to_json(array) == expected and loads_json(dumps_json(array)) is not None


@pytest.mark.parametrize("item", [
    np.ma.array([1, 2], mask=[0, 1]), np.array([1j]), np.array([1], "m8[s]"), np.zeros(1, [("a", "i4")]),
    np.array([b"a"]), np.bytes_(b"a"), np.longdouble(1) / 3, np.array([np.longdouble(1) / 3]), np.void(b"ab"),
], ids=repr)  # fmt: skip
def test_arrays_that_are_pickled_as_a_whole(item):
    found = back(item)
    assert is_pickled(to_json(item)) and type(found) is type(item) and found.dtype == item.dtype
    assert repr(found) == repr(item)
