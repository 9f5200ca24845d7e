"""What one consumer changes no other sees, and a batch arrives as it was sent."""

from __future__ import annotations

import collections
import datetime as dt
import json
import marshal
import re
import sys
import threading
import types
import uuid
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d4p.errors import RunFailed
from d4p.items.packing import (
    Uncopyable,
    apart,
    dumps_json,
    head_of,
    headed,
    loads_json,
    own,
    pack,
    pack_apart,
    to_json,
    unpack,
    why_unpicklable,
)  # fmt: skip
from d4p.items.size import roughly
from tests.unit.canary import Canary

np = pytest.importorskip("numpy")
Pair = collections.namedtuple("Pair", "a b")


def named(value):
    """Its repr without an address: the same name in every process."""
    return re.sub(r" at 0x\w+", "", repr(value))


class Box:
    def __init__(self, **fields):
        vars(self).update(fields)


class Slotted:
    __slots__ = ("lock",)


class Tagged(np.ndarray):
    def __array_finalize__(self, other):
        self.tags = getattr(other, "tags", [])


atoms = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary())
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(), inner, max_size=4)
    ),
    max_leaves=10,
)
batches = st.one_of(
    st.lists(values), st.lists(atoms), st.lists(st.tuples(st.text(), st.integers())), st.lists(st.lists(atoms)),
    st.lists(st.dictionaries(st.text(), atoms)),
)  # fmt: skip


def same(a, b):
    """Equal, and of the same types all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return a == b


def mutable_parts(value):
    if isinstance(value, (list, dict)):
        yield id(value)
    if isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from mutable_parts(part)


@settings(deadline=None)
@given(batches)
def test_a_batch_arrives_as_it_was_sent(batch):
    assert same(unpack(pack(batch)), batch)
    assert same(unpack(memoryview(pack(batch)).cast("b")), batch)  # signed bytes, as Arrow's are


@settings(deadline=None)
@given(st.lists(values, max_size=4))
def test_no_item_of_a_batch_shares_with_another(batch):
    batch = batch + batch
    arrived = unpack(pack(batch))
    assert same(arrived, batch)
    parts = [set(mutable_parts(item)) for item in arrived]
    assert sum(map(len, parts)) == len(set().union(*parts))


@settings(deadline=None)
@given(values)
def test_an_owned_item_is_equal_and_shares_nothing(item):
    copied = own(item)
    assert same(copied, item)
    assert not set(mutable_parts(copied)) & set(mutable_parts(item))


@pytest.mark.parametrize("item", [[1], {"a": 1}, ([1],), {"a": [1]}, Box(a=1)], ids=named)
def test_an_object_written_twice_arrives_as_two(item):
    one, two = unpack(pack([item, item]))
    assert one is not two
    if isinstance(item, tuple):
        assert one[0] is not two[0]


def test_identity_inside_an_item_is_kept():
    part, data = [1], np.arange(3)
    for copied in (own, lambda item: unpack(pack([item, 1]))[0]):
        for item in ([part, part], {"a": part, "b": part}, Box(a=part, b=part)):
            out = copied(item)
            left, right = out if isinstance(out, list) else (out if isinstance(out, dict) else vars(out)).values()
            assert left is right and left is not part
        left, right = copied([data, data])
        assert left is right and left is not data
    loop = []
    loop.append(loop)
    out = own(loop)
    assert out[0] is out


@pytest.mark.parametrize(
    "item",
    [None, 1, "a", b"a", (1, "a"), frozenset([1]), int, len, Box, np.float32(1), Decimal(1), uuid.UUID(int=1),
     dt.datetime(2020, 1, 1), lambda: 1],
    ids=named,
)  # fmt: skip
def test_what_cannot_change_is_not_copied(item):
    assert own(item) is item


ARRAYS = [
    np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), np.arange(10)[::2], np.array(5),
    np.array(["a", "b"]), np.array(["2020-01-01"], "M8[ns]"), np.array([{"a": [1]}, None], object), np.zeros((0, 3)),
    np.array([(1, "x")], dtype=[("a", "i4"), ("b", "U2")]), np.ma.array([1, 2], mask=[0, 1]), np.array([1 + 2j]),
]  # fmt: skip


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
@pytest.mark.parametrize("wrap", [lambda a: a, lambda a: {"d": a, "n": 1}, lambda a: [1, (a,)]])
def test_arrays_come_back_equal_writable_and_alone(array, wrap):
    frozen = array.copy(order="K")
    frozen.flags.writeable = False
    for source in (array, frozen):
        for copied in (own, lambda item: unpack(pack([item]))[0]):
            item = wrap(source)
            out = copied(item)
            while not isinstance(out, np.ndarray):
                out = out["d"] if isinstance(out, dict) else out[-1]
            assert type(out) is type(source) and out.dtype == source.dtype and out.shape == source.shape
            assert out.flags.writeable and not np.shares_memory(out, source)
            assert out.tolist() == source.tolist()
            assert array.flags.f_contiguous <= out.flags.f_contiguous


def test_object_arrays_are_copied_deeply():
    array = np.array([[1], None], object)
    assert own(array)[0] is not array[0]


def test_an_array_subclass_keeps_its_own_attributes_to_itself():
    array = np.arange(3).view(Tagged)
    array.tags = ["a"]
    out = own(array)
    assert type(out) is Tagged and out.tags == ["a"] and out.tags is not array.tags


class Pickled(np.ndarray):
    """A subclass that says how it is pickled."""

    def __reduce_ex__(self, protocol):
        return np.ndarray.tolist, (np.asarray(self),)


class Reduced(np.ndarray):
    def __reduce__(self):
        return np.ndarray.tolist, (np.asarray(self),)


class Undeep(Box):
    def __deepcopy__(self, memo):
        raise NotImplementedError


def test_who_says_how_it_is_pickled_is_copied_that_way():
    for cls in (Pickled, Reduced):
        assert own(np.arange(3).view(cls)) == [0, 1, 2]
    item = Undeep(data=np.arange(3), writes=[1])
    out = own(item)
    assert out.data.tolist() == [0, 1, 2] and out.data.flags.writeable and not np.shares_memory(out.data, item.data)


def test_memory_mapped_arrays(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(5))
    array = np.load(tmp_path / "a.npy", mmap_mode="r")
    for out in (own(array), unpack(pack([array]))[0]):
        out[0] = 9
    assert array[0] == 0


def test_obspy_traces_are_copied():
    obspy = pytest.importorskip("obspy")
    trace = obspy.read()[0]
    for out in (own(trace), unpack(pack([trace]))[0]):
        assert out == trace
        out.data[:] = 0
        out.stats.station = "X"
        assert trace.data.any() and trace.stats.station != "X"


def test_what_lies_in_something_that_cannot_change_is_copied():
    box = Box(a=[1])
    for item in (frozenset([box]), (box,), (1, (2, box)), {"a": box}):
        out = own(item)
        (copied,) = [part for part in mutable_boxes(out)]
        assert copied is not box and copied.a == [1] and copied.a is not box.a
    assert own(frozenset([(1, 2)])) == frozenset([(1, 2)])
    record = np.array([(1, "x")], dtype=[("a", "i4"), ("b", "U2")])[0]  # a numpy.void, which can be changed
    for item in (record, (record,), [record, 1]):
        out = own(item) if item is record else own(item)[0]
        out["a"] = 7
        assert record["a"] == 1


def mutable_boxes(value):
    if isinstance(value, Box):
        yield value
    elif isinstance(value, (tuple, list, frozenset, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from mutable_boxes(part)


def test_a_few_arrays_and_atoms_come_back_in_what_they_came_in():
    one, two = np.arange(3), np.arange(3)
    for item in ([one, 1], (one, 1), [one, two, "a"], (one, two), {"a": one, "b": 2}, {"a": one, "b": two},
                 [one, np.float32(2)], [1, np.float32(2), [3]]):  # fmt: skip
        out = own(item)
        assert type(out) is type(item) and out is not item and len(out) == len(item)
        parts = list(zip(*(value.values() if isinstance(value, dict) else value for value in (out, item)), strict=True))
        assert all(np.array_equal(a, b) and type(a) is type(b) for a, b in parts)
        assert all(a is not b for a, b in parts if isinstance(b, (np.ndarray, list)))
        assert not isinstance(item, dict) or list(out) == list(item)
    for item in ([one, one], [one, two, one], (one, one), {"a": one, "b": two, "c": one}):
        out = list(own(item).values() if isinstance(item, dict) else own(item))
        assert out[0] is out[-1] and out[0] is not one
    out = own([one, two])
    assert out[0] is not out[1]


def test_a_list_of_marshal_begins_in_one_of_two_ways():
    kept = [1, "a"]
    plain, with_references = marshal.dumps(kept, 2), marshal.dumps(kept, 4)
    assert (plain[:1], with_references[:1]) == (b"[", b"\xdb")
    assert unpack(plain) == unpack(with_references) == kept


def test_what_a_batch_is_packed_as():
    """Text and numbers by marshal, other atoms by one pickle, what may share one by one."""
    text, day, part = "x" * 10, dt.date(2020, 1, 1), [1]
    one = {"a": 1}
    assert pack([text, 1])[:1] in b"[\xdb" and pack([(text, 1)])[:1] in b"[\xdb"
    assert pack([[text], [1]])[:1] in b"[\xdb" and pack([{"a": 1}, {"a": text}])[:1] in b"[\xdb"
    for items in ([day, 1], [(day, 1)], [[day]], [{"a": day}], [{day: 1}], [Decimal(1), text]):
        assert pack(items)[:1] == b"\x80", items
    for items in ([(part,)], [[part]], [{"a": part}], [one, one], [part, part], [(1,), [1]], [Box(a=1)]):
        assert pack(items)[:1] == b"I", items
    for items in ([day, 1], [(part,), (2,)], [one, one], []):
        assert unpack(pack(items)) == items and apart(pack(items)) == []


def test_an_item_that_cannot_be_made_again_is_said():
    with pytest.raises(RunFailed, match=r"^an item can't be made again from its pickle: TypeError: .*Give its class"):
        unpack(pack([Picky(1, 2)]))


class Picky(Exception):
    def __init__(self, a, b):
        super().__init__(a)


def test_buffers_beside_a_batch_from_so_many_bytes_on():
    item = {"a": np.arange(8, dtype="u1"), "b": [np.arange(9, dtype="u1"), np.arange(7, dtype="u1")], "c": Box(x=1)}
    for least, beside in ((8, [8, 9]), (9, [9]), (10, []), (1, [8, 9, 7])):
        head, buffers = pack_apart([item, item], least)
        assert [buffer.nbytes for buffer in buffers] == beside * 2 == apart(head) == apart(headed(b"first", head))
        for out in unpack(head, map(bytearray, buffers)):
            assert out["a"].tolist() == list(range(8)) and [part.tolist() for part in out["b"]] == [
                list(range(9)), list(range(7))]
            assert out["c"].x == 1 and out["a"].flags.writeable
    assert pack_apart([1, "a"], 1)[1] == []


def test_what_cannot_be_pickled_is_deep_copied():
    item = Box(f=lambda: 1, part=[1])
    out = own(item)
    assert out.f is item.f and out.part == [1] and out.part is not item.part


def test_what_can_be_neither_is_named():
    with pytest.raises(Uncopyable, match=r"Box.*\.lock: cannot pickle '_thread.lock' object"):
        own(Box(lock=threading.Lock()))
    with pytest.raises(Uncopyable, match=r"tuple.*\[1\]\.lock"):
        pack([1, ("a", Box(lock=threading.Lock())), 3])


def test_why_unpicklable_finds_the_part():
    lock = threading.Lock()
    slotted = Slotted()
    slotted.lock = lock
    text = "cannot pickle '_thread.lock' object"
    assert why_unpicklable(Box(model=Box(lock=lock))) == f".model.lock: {text}"
    assert why_unpicklable([1, 2, 3, {"e": 1, "f": lock}]) == f"[3]['f']: {text}"
    assert why_unpicklable(slotted) == f".lock: {text}"
    assert why_unpicklable(lock) == f"the item itself: {text}"
    assert why_unpicklable(np.array([1, lock], object)).endswith(text)
    assert why_unpicklable((1, [2])) == ""
    loop = [lock]
    loop.insert(0, loop)
    assert why_unpicklable(loop) == f"[1]: {text}"
    assert why_unpicklable({"k": lambda: 1}).startswith("['k']: ")

    class Local:
        pass

    assert why_unpicklable([Local()]).startswith("[0]: ")


def test_pickles_and_batches_can_be_told_apart():
    for batch in ([], [1], [[1], (2,)], [np.zeros(3)]):
        assert len(unpack(pack(batch))) == len(batch)
        assert len(unpack(memoryview(pack(batch)))) == len(batch)


def as_json(value):
    """What a value is expected to be when it comes back: tuples are lists."""
    if isinstance(value, (list, tuple)):
        return [as_json(part) for part in value]
    return {k: as_json(v) for k, v in value.items()} if isinstance(value, dict) else value


@settings(deadline=None)
@given(values)
def test_json_loses_nothing(item):
    text = dumps_json(item)
    json.loads(text, parse_constant=lambda name: pytest.fail(name))
    # A dict with a "$" key is pickled whole, so its tuples stay tuples.
    assert as_json(loads_json(text, unpickle=True)) == as_json(item)


def test_json_of_the_usual_things():
    assert dumps_json({"a": (1, 2.5, None, "x")}) == '{"a": [1, 2.5, null, "x"]}'
    assert to_json([float("nan"), float("inf"), np.float32("-inf")]) == [
        {"$float": "nan"}, {"$float": "inf"}, {"$float": "-inf"}]  # fmt: skip
    assert str(loads_json(dumps_json([float("nan"), float("-inf")]))) == "[nan, -inf]"
    assert to_json([np.int64(1), np.float32(0.5), np.bool_(True), np.str_("a")]) == [1, 0.5, True, "a"]
    assert [type(v) for v in to_json([np.int64(1), np.bool_(1), np.str_("a")])] == [int, bool, str]
    assert to_json(np.arange(4).reshape(2, 2)) == [[0, 1], [2, 3]]
    assert to_json(np.array([1.0, np.nan])) == [1.0, {"$float": "nan"}]
    assert to_json(np.array(["2020-01-01"], "M8[D]")) == ["2020-01-01"]
    assert to_json(np.datetime64("2020-01-01T00:00:00.000000001")) == "2020-01-01T00:00:00.000000001"
    assert to_json(dt.datetime(2020, 1, 1)) == "2020-01-01T00:00:00"
    assert to_json(collections.OrderedDict(a=1)) == {"a": 1}
    assert to_json(Pair(1, 2)) == [1, 2]


@pytest.mark.parametrize(
    "item",
    [{1: 2}, {"$pickle": 1}, {"$float": "nan"}, b"ab", {1, 2}, 1j, Decimal("0.10"), 10**5000, np.array([1j]),
     np.timedelta64(1, "s"), {"a": {(1, 2): 3}}, collections.Counter({1: 2})],
    ids=lambda item: repr(item)[:20] if not isinstance(item, int) else "long",
)  # fmt: skip
def test_what_json_has_no_word_for_comes_back_itself(item):
    out = loads_json(dumps_json(item), unpickle=True)
    assert type(out) is type(item) and out == item


def test_json_of_obspy_times():
    obspy = pytest.importorskip("obspy")
    assert to_json(obspy.UTCDateTime(2020, 1, 1)) == "2020-01-01T00:00:00.000000Z"
    assert to_json(obspy.UTCDateTime(ns=1)) == "1970-01-01T00:00:00.000000001Z"
    assert to_json(obspy.core.AttribDict(a=1)) == {"a": 1}


def test_json_where_even_pickling_fails():
    assert set(to_json(threading.Lock())) == {"repr"}
    loop = []
    loop.append(loop)
    assert loads_json(dumps_json(loop), unpickle=True)[0] is not None


def test_a_pickle_in_json_is_read_only_where_somebody_says_so(tmp_path):
    text = dumps_json([Canary(tmp_path / "ran"), {1: 2}])
    assert [set(found) for found in loads_json(text)] == [{"$pickle", "repr"}] * 2
    assert not (tmp_path / "ran").exists()
    assert loads_json(text, unpickle=True)[1] == {1: 2} and (tmp_path / "ran").exists()
    for odd in ({"$float": "1e999"}, {"$float": [1]}, {"$float": None}):
        assert loads_json(json.dumps(odd)) == odd


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "{", "", "nul"])
def test_json_that_cannot_be_read_is_a_value_error(text):
    with pytest.raises(ValueError):
        loads_json(text)


def test_a_shared_text_is_sent_once():
    text = "x" * 100_000
    assert len(pack([(text, i) for i in range(100)])) < 2 * len(text)
    assert len(pack([{"t": text, "i": i} for i in range(100)])) < 2 * len(text)


@pytest.mark.parametrize("array", [
    np.arange(3000, dtype=np.float32), np.arange(3000.0).reshape(3, 10, 100), np.arange(3000, dtype=">i4"),
    np.ones(3000, dtype=bool), np.ones((30, 100), dtype=complex), np.asfortranarray(np.arange(3000.0).reshape(30, 100)),
    np.arange(6000.0)[::2], np.ma.masked_less(np.arange(3000.0), 5), np.array([object()] * 3000),
    np.zeros(3000, dtype=[("a", "i4"), ("b", "f8")]), np.zeros(3000, dtype="M8[s]"), np.zeros(3000, dtype="S3"),
], ids=lambda array: f"{array.dtype}-{array.shape}-{type(array).__name__}-{array.flags.c_contiguous}")  # fmt: skip
def test_arrays_whose_memory_lies_beside_them(array):
    """Whatever their type, and among others: they arrive as they were, writable, each for itself."""
    frozen = array.copy(order="K")
    frozen.flags.writeable = False
    for items in ([array, array], [frozen], [array, np.ones(3)], [array, "text", {"data": array}]):
        head, buffers = pack_apart(items, 1024)
        assert apart(head) == [buffer.nbytes for buffer in buffers]
        found = unpack(head, [bytearray(buffer) for buffer in buffers])
        for one, item in zip(found, items, strict=True):
            if isinstance(item, np.ndarray):
                assert type(one) is type(item) and one.dtype == item.dtype and one.shape == item.shape
                assert one.flags.writeable and one.flags.f_contiguous >= item.flags.f_contiguous
                assert len(one) == len(item) if item.dtype.hasobject else (one == item).all()
        if len(found) == 2 and type(found[1]) is type(array) and not array.dtype.hasobject:
            assert not np.shares_memory(found[0], found[1])


def test_which_arrays_are_sent_without_a_pickle():
    plain = [np.ones(300, dtype=kind) for kind in ("?", "i4", ">f8", "u1", "c16")]
    head, buffers = pack_apart(plain, 300)
    assert head[:1] == b"A" and [buffer.nbytes for buffer in buffers] == apart(head) == [a.nbytes for a in plain]
    tagged = np.arange(300, dtype=np.dtype("i4", metadata={"unit": "m"}))
    for other in (np.arange(299, dtype="u1"), np.arange(600)[::2], np.zeros(300, "M8[s]"), np.zeros(300, "S3"), tagged,
                  np.ma.arange(300), np.array([None] * 300), np.asfortranarray(np.zeros((30, 30))), "text", [1]):
        for items in ([plain[1], other], [other, plain[1]]):
            head, buffers = pack_apart(items, 300)
            assert head[:1] == b"I", other
            found = unpack(head, [bytearray(buffer) for buffer in buffers])
            assert list(map(type, found)) == list(map(type, items))
            assert all(np.array_equal(one, item) for one, item in zip(found, items, strict=True))


def test_the_usual_items_with_data_are_copied_without_a_pickle(monkeypatch):
    """At a fraction of its cost."""
    monkeypatch.setattr("d4p.items.packing._own_any", lambda item: pytest.fail(f"{item} goes by a pickle"))
    data, day = np.arange(3.0), dt.date(2020, 1, 1)
    for item in ([1, "a"], {"a": 1, day: None}, (data, "a", day), [data, np.float32(1)], {"data": data, "id": "a"},
                 {"a": data, "b": np.zeros(2)}, data, np.asfortranarray(np.zeros((2, 2))), np.float64(1), (1, (2,)[0])):
        out = own(item)
        assert type(out) is type(item) and repr(out) == repr(item)
    tagged = data.view(Tagged)
    tagged.tags = [1]
    assert own(tagged).tags == [1]


@pytest.mark.parametrize("make", [
    lambda n: (f"word{n}", n * 1000, n / 7), lambda n: {"word": f"word{n}", "n": n * 1000},
    lambda n: [f"{n}", None, n * 10**12, complex(n, 1)], lambda n: f"word{n}", lambda n: (b"x" * 5000 + bytes([n]), n),
], ids=["tuple", "dict", "list", "text", "long"])  # fmt: skip
def test_a_batch_that_is_packed_again_has_the_same_bytes_whoever_else_holds_what_is_in_it(make):
    batch = [make(n) for n in range(100)]
    alone = pack(batch, again=True)
    held = [*batch, *(part for item in batch if isinstance(item, (tuple, list)) for part in item),
            *(part for item in batch if isinstance(item, dict) for part in item.values())]  # fmt: skip
    assert pack(batch, again=True) == alone == pack([make(n) for n in range(100)], again=True) and held
    assert unpack(alone) == batch


def test_a_long_text_that_many_items_share_is_packed_once_also_where_it_is_packed_again():
    text = "x" * 20_000
    assert len(pack([(text, n) for n in range(100)], again=True)) < 3 * len(text)


@pytest.mark.parametrize("items", [[], [1, 2], ["a"], [{"a": [1]}], [object]])
@pytest.mark.parametrize("head", [b"", b"head", bytes(1000)])
def test_a_head_is_read_alone_and_ignored_by_whoever_wants_the_items(items, head):
    batch = pack(items)
    assert head_of(batch) is None
    for made in (headed(head, batch), memoryview(headed(head, batch)), bytearray(headed(head, batch))):
        assert head_of(made) == head and unpack(made) == items


def test_a_copy_of_what_can_not_be_written_can_be():
    """As the item's own is: what comes back from a pickle whose buffers are read-only couldn't be changed."""
    array = np.arange(3)
    array.setflags(write=False)
    item = types.SimpleNamespace(array=array, other=[1])
    made = own(item)
    made.array[0] = 7
    assert list(made.array) == [7, 1, 2] and list(array) == [0, 1, 2]
    assert made.other == [1] and made.other is not item.other


class Holds:
    def __init__(self, *values):
        self.first, self.second = values


@pytest.mark.parametrize(("item", "size"), [
    (np.zeros(10), 80), ((np.zeros(10), np.zeros(5)), 120), ([np.zeros(10)] * 2, 160), ({"a": np.zeros(10)}, 80),
    (Holds(np.zeros(10), np.zeros(2)), 96), ([[np.zeros(10)], [np.zeros(1)]], 88), ([np.zeros(1)] * 40, 16 * 8),
    ([[[np.zeros(10)]]], sys.getsizeof([1])), (7, sys.getsizeof(7)), ([], sys.getsizeof([])),
    ("ab", sys.getsizeof("ab")),
    ({"a": np.zeros(1)} | {n: np.zeros(1) for n in range(40)}, 16 * 8),
])  # fmt: skip
def test_about_how_large_an_item_is(item, size):
    assert roughly(item) == size
