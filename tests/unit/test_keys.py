"""Equal keys meet: `digest` is the same for whatever compares equal, everywhere."""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime as dt
import enum
import math
import os
import pathlib
import re
import subprocess
import sys
import types
import uuid
import warnings
import zoneinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from d4p.keys import partition as keys
from d4p.keys.partition import MissingField, UnknownKey, by_key, digest, require
from d4p.keys.short import short
from tests.calls import calls

np = pytest.importorskip("numpy")
RUNTIME = Path(__file__).parents[2] / "runtime"
UTC = dt.timezone.utc  # noqa: UP017 (3.10 has no datetime.UTC)
EAST = dt.timezone(dt.timedelta(hours=5, minutes=30))


def named(value):
    """Its repr without an address: the same name in every process."""
    return re.sub(r" at 0x\w+", "", repr(value))


class One(enum.IntEnum):
    ONE = 1


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Text(str, enum.Enum):  # noqa: UP042 (3.10 has no StrEnum)
    A = "a"


class Declares:
    """Says what its fields are, and has more."""

    _fields = ("q",)

    def __init__(self):
        self.more = 1


class Bits(enum.Flag):
    A = 1
    B = 2


@dataclasses.dataclass(frozen=True)
class Station:
    network: str
    code: object
    note: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True)
class Written:
    code: str

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1


class LikeOne:
    """A class of the user's that equals 1 and hashes like it."""

    def __eq__(self, other):
        return other == 1

    def __hash__(self):
        return 1


class Named:
    def __init__(self, name):
        self.name = name

    def __d4p_key__(self):
        return self.name


Pair = collections.namedtuple("Pair", "a b")
NAN = float("nan")
PINNED = [
    (Colour.RED, 6773470724815101551), (Colour.BLUE, 12974512762937281641), (Bits.B, 1841724074807142250),
    (Bits.A | Bits.B, 4252922079893870795), (np.datetime64("2020-02-01"), 8293414180470266276),
    (np.timedelta64(90, "m"), 7543124690080109630), (memoryview(b"ab"), 9740002326381354384),
    ("word", 6082365893928340645), (("AB", 1.5, None), 13332889616500028510), ("\u00e9", 7354979472797877150),
    ("\ud800", 10240294879709312121), (b"b", 4447419065109019542), (bytearray(b"bc"), 856905117620718299),
    ("", 11529429360806744831), (None, 1613101438472090127), (..., 3436589850672717765), (0, 12627811500799769771),
    (-1, 8852876244149689510), (255, 6531684061200226711), (256, 1496436533296694033),
    (1 << 1023, 4359228471075654803), (1 << 1024, 18312439638890963031), ((1 << 1024) + 1, 16355868809380043468),
    (-(1 << 1024), 4918151651167483631), (0.1, 1956729619476403728), (1e-50, 12627811500799769771),
    (2.0**24 + 0.5, 1340903457709963487), (-2.5, 3512459415562989038), (1e300, 5216670805348852766),
    (math.nan, 998233384793497310), (math.inf, 3620347138207775001), (-math.inf, 311521676891259683),
    (Decimal("1e400"), 2660188897572108693), (Decimal("-1e400"), 6915370755883770623),
    (Decimal("1" * 320 + ".5"), 3620347138207775001), (Decimal("1e-500"), 12627811500799769771),
    (Fraction(1, 3), 7406000649151871208), (Fraction(10**400, 3), 3620347138207775001), (1j, 8421726735067536091),
    (complex(1.5, math.nan), 998233384793497310), ((), 11209395654293552125), ([], 15783041385077935858),
    ([1, [2]], 16308994404927075830), ({1, 300}, 6978995528402470498), (frozenset(), 1326079660935129078),
    ({"a": 1, "b": {"c": 0}}, 16635408801256220935), (range(0), 15189540278113570341),
    (range(3, 4), 4801990830148758374), (range(3, 20, 5), 15235259683374847220),
    (dt.date(2024, 2, 29), 7378102418170758160), (dt.datetime(2024, 2, 29, 12, 30, 1, 5), 11721522543998349128),
    (dt.datetime(2024, 2, 29, tzinfo=dt.timezone.utc), 7378102418170758160),
    (dt.datetime(2024, 2, 29, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))), 8225461960757626564),
    (dt.time(12, 30, 1, 5), 5832638969986075571),
    (dt.time(1, tzinfo=dt.timezone(dt.timedelta(hours=2))), 17888898433682780687),
    (dt.timedelta(days=-1, microseconds=1), 15666282638536445442), (One.ONE, 11150583496649544112),
    (uuid.UUID(int=7), 5007933512034587891), (pathlib.PurePosixPath("a/B"), 5519718966666090554),
    (pathlib.PureWindowsPath("a/B"), 485079828376543557), (int, 15987912447347207218), (len, 14603060504031348405),
    (np.datetime64("NaT"), 9533765464367557490), (np.float32(0.1), 1956729619476403728),
    (np.arange(3), 11900691147642912990), (np.zeros((2, 0)), 7848896418399123797),
    (np.array(["a", "b"]), 14248504267287556193), (memoryview(b"ab"), 9740002326381354384),
    (array.array("i", [1, 2]), 4663010167434401525), (np.datetime64("2024-02-29T12", "h"), 16966814443795097634),
    (np.timedelta64(7, "D"), 16880641638269791038), (np.complex64(1j), 8421726735067536091),
    (np.array(3), 4526800062170387029), (np.array([[1.5, 2]]), 3015533461905497648),
    (np.str_("a"), 5581682251802028776), (np.bytes_(b"a"), 11451163126748915371),
    (collections.OrderedDict(b=1, a=2), 15559710478592950219), (Pair(1, 2), 62603339119465561),
]

ALIKE = {
    "one": [1, 1.0, True, Decimal(1), Decimal("1.000"), Fraction(1), complex(1), One.ONE, np.int64(1), np.uint8(1),
            np.float32(1), np.float16(1), np.float64(1), np.longdouble(1), np.bool_(True), np.complex64(1),
            np.clongdouble(1), np.array(1), np.array(1.0), np.timedelta64(1, "s"), np.timedelta64(1)],
    "zero": [0, 0.0, -0.0, False, Decimal("-0"), Decimal("0E+999999999"), np.float32(-0.0), complex(0, -0.0)],
    "half": [0.5, Decimal("0.5"), Fraction(1, 2), np.float32(0.5), np.longdouble(0.5)],
    "tenth": [0.1, np.float32(0.1), np.float64(0.1), np.complex64(0.1), Decimal(0.1), Fraction(0.1)],
    "tiny": [1e-50, np.float32(0), 0],
    "big": [10**20, 1e20, Decimal("1e20"), np.float64(1e20), Fraction(10**20)],
    "huge": [10**400, Decimal("1E400"), Fraction(10**400)],
    "-huge": [-(10**400), Decimal("-1E400"), Decimal("-10E399")],
    "nan": [NAN, -NAN, np.float32("nan"), np.float64("nan"), Decimal("NaN"), Decimal("sNaN"), np.array(NAN),
            complex(NAN, 1), np.longdouble("nan")],
    "nat": [np.datetime64("NaT"), np.timedelta64("NaT"), np.datetime64("NaT", "ns")],
    "inf": [float("inf"), Decimal("Infinity"), np.float32("inf"), np.longdouble("inf")],
    "text": ["a", np.str_("a"), Text.A, np.array("a")],
    "bytes": [b"ab", bytearray(b"ab"), memoryview(b"ab"), np.bytes_(b"ab"), array.array("d", [97, 98]),
              np.array([97, 98]), memoryview(np.array([97, 98], "i4")), np.array([97 + 0j, 98])],
    "tuple": [(1, "a"), Pair(1.0, "a"), (True, np.str_("a"))],
    "list": [[1, 2], [1.0, np.int8(2)]],
    "set": [{1, "a"}, frozenset(["a", 1.0]), {1: 0, "a": 0}.keys()],
    "dict": [{"a": 1, "b": 2}, {"b": 2, "a": 1}, collections.OrderedDict(b=2, a=1), collections.Counter("abb"),
             collections.defaultdict(int, a=1, b=2), types.MappingProxyType({"b": 2, "a": 1})],
    "counter": [collections.Counter(a=0), collections.Counter(), {}],
    "range": [range(0), range(3, 3), range(5, 1)],
    "range 2": [range(0, 3, 2), range(0, 4, 2)],
    "moment": [dt.datetime(2020, 1, 1, 12, tzinfo=UTC), dt.datetime(2020, 1, 1, 17, 30, tzinfo=EAST)],
    "naive": [dt.datetime(2020, 1, 1), np.datetime64("2020-01-01"), np.datetime64("2020-01-01T00:00:00.000000000"),
              np.datetime64("2020"), dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, fold=1)],
    "week": [dt.timedelta(7), np.timedelta64(7, "D"), np.timedelta64(1, "W"), np.timedelta64(168, "h")],
    "year": [np.timedelta64(1, "Y"), np.timedelta64(12, "M")],
    "time": [dt.time(1, tzinfo=UTC), dt.time(6, 30, tzinfo=EAST)],
    "array": [np.array([[1, 300]]), np.array([[1.0, 300.0]]), np.asfortranarray(np.array([[1, 300]], "f4"))],
    "days": [np.array(["2020-01-01"], "M8[D]"), np.array(["2020-01-01"], "M8[ns]")],
    "enum": [Colour.RED, Colour(1)],
    "flags": [Bits.A | Bits.B, Bits(3)],
    "dataclass": [Station("CH", 1), Station("CH", 1.0, "other")],
    "uuid": [uuid.UUID(int=5), uuid.UUID("00000000-0000-0000-0000-000000000005")],
    "path": [pathlib.PurePosixPath("/a/b"), pathlib.PurePosixPath("/a//b/"), pathlib.PosixPath("/a/b")],
    "windows": [pathlib.PureWindowsPath("C:/A"), pathlib.PureWindowsPath("c:\\a")],
    "hook": ["x", Named("x")],
    "none": [None],
    "dots": [...],
    "class": [int],
    "function": [len],
}  # fmt: skip


@pytest.mark.parametrize("alike", ALIKE.values(), ids=ALIKE)
def test_equal_keys_have_one_digest(alike):
    assert len({digest(key) for key in alike}) == 1
    assert len({digest((key, [key], {"k": key})) for key in alike}) == 1


@pytest.mark.parametrize("sign", [1, -1])
def test_up_to_where_float32_tells_whole_numbers_apart(sign):
    """Below 2**24 what float32 rounds to is one key with what it is rounded from; from there on exact values count."""
    border = sign * 2**24
    for whole in (border // 2, border - 2 * sign, border - sign, border, border + sign, border + 2 * sign, border * 2):
        for kind in (float, np.float64, np.longdouble, Decimal, Fraction, complex):
            assert kind(whole) == whole and digest(kind(whole)) == digest(whole), (kind, whole)
        if abs(whole) <= 2**24:
            assert digest(np.float32(whole)) == digest(whole)
    for part in (border / 2 + sign / 2, border - sign / 2, border / 4 + sign / 8):
        assert np.float32(part) == part and digest(np.float32(part)) == digest(part), part
    apart = [border - sign, border, border + sign, border + sign / 2, border + 3 * sign / 2, border + 2 * sign]
    assert len({digest(key) for key in apart}) == len(apart)


def test_both_readings_of_a_repeated_hour_are_one_key():
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    first = dt.datetime(2020, 10, 25, 2, 30, tzinfo=zone)
    again = first.replace(fold=1)
    assert first.utcoffset() != again.utcoffset() and first == again
    assert digest(first) == digest(again) == digest(first.astimezone(UTC))
    assert digest(dt.datetime(2020, 10, 25, 1, 30, tzinfo=zone)) != digest(first)

    class Folds(dt.tzinfo):
        """A zone whose times of day have a fold."""

        def utcoffset(self, moment):
            return dt.timedelta(hours=1 if moment is None or not moment.fold else 2)

        def dst(self, moment):
            return dt.timedelta(0)

    early, late = dt.time(2, 30, tzinfo=Folds()), dt.time(2, 30, fold=1, tzinfo=Folds())
    assert digest(early) == digest(dt.time(2, 30, tzinfo=dt.timezone(dt.timedelta(hours=1))))
    assert early == late and digest(early) == digest(late)


def test_different_keys_differ():
    keys = [1, 2, -1, "1", b"1", (1,), [1], frozenset([1]), {1: 1}, None, 0.5, "a", ("a", "b"), ("ab",), ("a", ("b",)),
            (("a",), "b"), [[], []], [[[]]], 2**53, 2**53 + 1, range(3), Colour.RED, Colour.BLUE, NAN, float("inf"),
            -float("inf"), int, str, Station("CH", 1), Station("CH", 2), 1700000000.25, 1700000000.5,
            dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, microsecond=1), np.zeros((2, 3)),
            np.zeros((3, 2))]  # fmt: skip
    assert len({digest(key) for key in keys}) == len(keys)


def test_obspy_times_equal_what_they_say_they_equal():
    obspy = pytest.importorskip("obspy")
    utc = obspy.UTCDateTime
    moment = dt.datetime(2020, 1, 1, 12, 0, 0, 250000)
    keys = [moment, moment.replace(tzinfo=UTC), moment.timestamp() - 0, utc(moment), utc(moment, precision=9),
            utc(moment, precision=3), utc(ns=utc(moment)._ns + 499), np.datetime64(moment)]  # fmt: skip
    keys[2] = moment.replace(tzinfo=UTC).timestamp()
    assert len({digest(key) for key in keys}) == 1
    assert digest(utc(1)) == digest(1) == digest(np.float32(1)) == digest(utc(0.9999999))
    assert digest(utc(2020, 1, 1)) == digest(dt.date(2020, 1, 1))
    assert digest(utc(1)) != digest(utc(2))
    times = [utc(ns=ns) for ns in (1499, 1500, 1501, 2500)]
    for a in times:
        for b in times:
            assert a != b or digest(a) == digest(b)
    from obspy.core import AttribDict

    assert digest(AttribDict(a=1, b={"c": 2})) == digest({"b": {"c": 2.0}, "a": 1})


def test_pandas_times():
    pd = pytest.importorskip("pandas")
    assert digest(pd.Timestamp("2020-01-01")) == digest(dt.datetime(2020, 1, 1))
    assert digest(pd.Timedelta(seconds=2)) == digest(dt.timedelta(seconds=2))
    assert digest(pd.NaT) == digest(np.datetime64("NaT"))


numbers = st.one_of(
    st.integers(-3, 3), st.integers(), st.booleans(), st.floats(), st.floats(-2, 2, width=16), st.fractions(),
    st.decimals(), st.sampled_from([0.1, 0.2, 1e20, 10**20, 2**53, 0.5]),
)  # fmt: skip


@st.composite
def number_in_other_clothes(draw):
    """A number as another type that may or may not equal it."""
    number = draw(numbers)
    types_ = [np.float32, np.float64, np.longdouble, np.int64, np.array, Fraction, Decimal, complex]
    wrap = draw(st.sampled_from(types_))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return wrap(number)
    except (OverflowError, ValueError, TypeError):
        return number


small = st.one_of(numbers, number_in_other_clothes(), st.text(max_size=2), st.binary(max_size=2), st.none(),
                  st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 2)),
                  st.sampled_from([Colour.RED, One.ONE]))  # fmt: skip


def hashable(key):
    try:
        hash(key)
    except TypeError:
        return False
    return True


nested = st.recursive(
    small,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=1), inner, max_size=3),
        st.lists(inner.filter(hashable), max_size=3).map(frozenset),
    ),
    max_leaves=6,
)  # fmt: skip


def dressed(key, pick):
    """An equal key, by a change of type at each place that allows one."""
    choice = pick(st.integers(0, 2))
    if isinstance(key, (bool, int, float)) and key == key:
        for wrap in (np.float64, np.longdouble, Fraction, Decimal)[choice:]:
            try:
                other = wrap(key)
            except (OverflowError, ValueError):
                continue
            if isinstance(key, float) or int(other) == key:
                return other
        return key
    if type(key) is str:
        return np.str_(key) if choice and not key.endswith("\0") else key
    if type(key) is bytes:
        return bytearray(key)
    if isinstance(key, (list, tuple)):
        return type(key)(dressed(part, pick) for part in key)
    if type(key) is dict:
        return collections.OrderedDict((k, dressed(v, pick)) for k, v in reversed(list(key.items())))
    if isinstance(key, frozenset):
        return set(reversed(list(key)))
    return key


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_change_of_clothes_changes_no_digest(data):
    key = data.draw(nested)
    assert digest(key) == digest(dressed(key, data.draw))


def equals(a, b):
    """a == b as one answer. numpy also compares a scalar with each element of a list: that is no equality of the two.

    Where numpy's comparisons are not transitive (see canonical.of_float), only the same types count.
    """
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(equals, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equals(a[key], b[key]) for key in a)
    numpys = [key for key in (a, b) if isinstance(key, (np.number, np.ndarray))]
    if not all(abs(key) < 2**24 for key in numpys) and type(a) is not type(b):
        return False
    answer = a == b
    return isinstance(answer, (bool, np.bool_)) and bool(answer)


@settings(max_examples=500, deadline=None)
@given(nested, nested)
def test_equal_implies_the_same_digest(a, b):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            equal = equals(a, b)
    except Exception:  # a comparison that numpy or a signalling NaN refuses
        assume(False)
    assert not equal or digest(a) == digest(b)


def test_the_same_digests_whatever_the_hash_seed():
    program = (
        "from d4p.keys.partition import digest\n"
        "print(digest(('a', b'b', 1.5, frozenset(['x', 'y', 'z']), {'k': {'l', 'm', 'n'}}, int)), digest('word'))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(RUNTIME), "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True, timeout=120).stdout
        for seed in ("0", "1", "4242")
    }  # fmt: skip
    assert len(printed) == 1


@pytest.mark.parametrize(("key", "number"), PINNED, ids=named)
def test_digests_are_pinned(key, number):
    """A stored partition is found again: these numbers must never change."""
    assert digest(key) == number


def test_keys_spread_over_instances():
    route = by_key([0], 8)
    counts = collections.Counter(route((f"word{i}",)) for i in range(10_000))
    assert len(counts) == 8
    assert all(abs(count - 1250) < 250 for count in counts.values())


@pytest.mark.parametrize("key", [object(), LikeOne(), Written("a"), (1, LikeOne()), np.ma.array([1])], ids=named)
def test_a_type_of_unknown_equality_is_refused(key):
    with pytest.raises(UnknownKey, match="__d4p_key__") as caught:
        digest(key)
    assert any(name in str(caught.value) for name in ("object", "LikeOne", "Written", "MaskedArray"))


def test_the_memo_lets_no_refused_type_through():
    for route, one, other in [
        (by_key([0], 8), (1,), (LikeOne(),)),
        (by_key([0, 1], 8), (1, 2), (LikeOne(), 2)),
        (by_key([0], 8), ((1,),), ((LikeOne(),),)),
    ]:
        route(one)
        with pytest.raises(UnknownKey):
            route(other)


def test_recursive_and_deep_keys_are_refused():
    loop = [1]
    loop.append(loop)
    with pytest.raises(UnknownKey, match="contain itself"):
        digest(loop)
    deep = ()
    for _ in range(99):
        deep = (deep,)
    assert digest(deep)
    with pytest.raises(UnknownKey, match="nested deeper than 100 levels"):
        digest((deep,))


def memo_of(route):
    return next(cell.cell_contents for cell in route.__closure__ if isinstance(cell.cell_contents, dict))


@settings(deadline=None)
@given(st.lists(nested, min_size=1, max_size=8), st.integers(1, 9))
def test_routing_is_the_digest_with_and_without_the_memo(keys, instances):
    one, two = by_key([0], instances), by_key(["a", "b"], instances)
    for key in keys * 2:
        assert one((key,)) == digest(key) % instances
        assert two({"a": key, "b": "x"}) == digest((key, "x")) % instances


def test_nan_does_not_fill_the_memo():
    route, pair = by_key([0], 8), by_key([0, 1], 8)
    assert len({route((float("nan"),)) for _ in range(100)}) == 1
    assert len({pair((float("nan"), np.float32("nan"))) for _ in range(100)}) == 1
    assert not memo_of(next(c.cell_contents for c in route.__closure__ if callable(c.cell_contents)))
    assert not memo_of(next(c.cell_contents for c in pair.__closure__ if callable(c.cell_contents)))


def test_fields_by_index_name_and_attribute():
    thing = types.SimpleNamespace(station="A", n=1)
    want = digest("A") % 64
    assert by_key([0], 64)(("A", 1)) == want
    assert by_key([-1], 64)((1, "A")) == want
    assert by_key(("station",), 64)({"station": "A"}) == want
    assert by_key(["station"], 64)(thing) == want
    assert by_key(["a"], 64)(Pair("A", 1)) == want
    assert by_key(["station", "n"], 64)(thing) == by_key([0, 1], 64)(["A", 1.0])
    record = np.array([("A", 1)], dtype=[("station", "U3"), ("n", "i4")])[0]
    assert by_key(["station"], 64)(record) == want


@pytest.mark.parametrize(
    ("fields", "item", "says"),
    [
        ([2], ("a", 1), ["2", "tuple", "('a', 1)", "2 elements"]),
        (["word"], {"wort": 1}, ["'word'", "dict", "'wort'"]),
        (["title"], "text", ["'title'", "str", "4 characters"]),
        (["a", "c"], Pair(1, 2), ["['a', 'c']", "lacks 'c'", "Pair", "fields 'a', 'b'"]),
        (["count"], Pair(1, 2), ["'count'", "'a', 'b'"]),
        (["x"], types.SimpleNamespace(y=1), ["'x'", "SimpleNamespace", "'y'"]),
        ([0], 5, ["0", "int", "neither"]),
        ([0], None, ["NoneType"]),
        ([1], np.array([5]), ["ndarray", "1 elements"]),
        ([0], np.array(5), ["ndarray"]),
    ],
)
def test_a_missing_field_is_named(fields, item, says):
    for refuse in (by_key(fields, 4), lambda item: require(fields, item)):
        with pytest.raises(MissingField) as caught:
            refuse(item)
        assert all(word in str(caught.value) for word in says), str(caught.value)


def test_require_accepts_what_by_key_accepts():
    require([0, 1], ("a", 1))
    require(["a"], Pair(1, 2))
    require([0], ([object()],))


def test_by_key_needs_a_field_and_an_instance():
    with pytest.raises(ValueError, match="^group-by needs at least one field, got none$"):
        by_key([], 3)
    for count in (0, -1):
        with pytest.raises(ValueError, match=f"^group-by needs at least one instance, got {count}$"):
            by_key([0], count)
    assert by_key([0], 1)(("a",)) == 0


def test_the_memo_is_emptied_where_it_is_full(monkeypatch):
    assert (keys._MOST_KEYS, keys._LONGEST_KEY) == (100_000, 1_000)
    monkeypatch.setattr(keys, "_MOST_KEYS", 10)
    route = by_key([0], 8)
    for number in range(10):
        route((number,))
    assert sorted(route.memo) == list(range(10))
    route((10,))
    assert route.memo == {10: digest(10) % 8}
    for key, kept in (("x" * 1_000, True), ("x" * 1_001, False), (b"x" * 1_001, False)):
        route((key,))
        assert (key in route.memo) == kept
    assert dt.date(2020, 1, 1) not in route.memo


def test_durations_of_numpy_are_not_looked_up():
    """They equal and hash like their bare count, whatever their unit."""
    route = by_key([0], 1_000)
    for unit in ("s", "m", "h", "D"):
        for count in (1, 60):
            key = np.timedelta64(count, unit)
            assert route((key,)) == route((key,)) == digest(key) % 1_000
    assert not route.memo
    for number in (np.int8(3), np.float32(0.5), np.bool_(True)):
        assert route((number,)) == digest(number) % 1_000 and number in route.memo


@pytest.mark.parametrize("fields, item, says", [
    (["real"], 5, "group-by ['real'] needs items with that field, got one of type int: 5. It has neither elements nor "
                  "named fields"),
    (["a"], "abc", "group-by ['a'] needs items with that field, got one of type str: 'abc'. It has 3 characters"),
    ([0, 2], (1, 2), "group-by [0, 2] needs items with those fields, got one of type tuple that lacks 2: (1, 2). "
                     "It has 2 elements, from 0"),
    (["x"], dict.fromkeys(range(25)), "It has the fields " + ", ".join(map(str, range(20)))),
    (["x"], types.SimpleNamespace(), "It has no fields"), (["x"], {}, "It has no fields"),
    (["x"], types.SimpleNamespace(a=1, _b=2, c=3), "It has the fields 'a', 'c'"),
    (["x"], Pair(1, 2), "It has the fields 'a', 'b'"), (["x"], Declares(), "It has the fields 'q'"),
])  # fmt: skip
def test_what_an_item_has_instead(fields, item, says):
    for refuse in (by_key(fields, 4), lambda item: require(fields, item)):
        with pytest.raises(MissingField) as caught:
            refuse(item)
        said = str(caught.value)
        assert said == says if says.startswith("group-by") else said.endswith(says), said


@pytest.mark.parametrize("fields, key", [([0], "w"), ([0], 7), ([0], np.int64(7)), ([0, 1], "w")])
def test_a_repeated_key_is_looked_up(fields, key):
    """Its own call and a look into the memo; of several fields, the call that takes them."""
    route = by_key(fields, 8)
    assert calls(route, (key, 1)) > 10
    assert calls(route, (key, 1)) <= len(fields) + 2  # and the end of the count


@pytest.mark.parametrize(("unit", "seconds"), [
    ("W", 7 * 24 * 3600), ("D", 24 * 3600), ("h", 3600), ("m", 60), ("s", 1), ("ms", Fraction(1, 1000)),
    ("us", Fraction(1, 10**6)), ("ns", Fraction(1, 10**9)), ("ps", Fraction(1, 10**12)), ("fs", Fraction(1, 10**15)),
    ("as", Fraction(1, 10**18)),
])  # fmt: skip
def test_units_of_time(unit, seconds):
    count = 7 * 10**9
    assert digest(np.timedelta64(count, unit)) == digest(count * seconds)
    moment = 7 if seconds >= 1 else round(7 / seconds)
    assert digest(np.datetime64(moment, unit)) == digest(moment * seconds)
    assert digest(np.timedelta64(5, f"3{unit}")) == digest(15 * seconds)
    if seconds >= Fraction(1, 10**6):  # finer ones are rounded
        assert digest(np.datetime64(5, f"3{unit}")) == digest(15 * seconds)


def test_months_and_years_are_like_no_other_duration():
    assert digest(np.timedelta64(1, "Y")) == digest(np.timedelta64(12, "M")) != digest(np.timedelta64(1, "M"))
    assert digest(np.timedelta64(1, "M")) != digest(1) and digest(np.timedelta64(0, "Y")) == digest(0)
    assert digest(np.datetime64("2024-02", "M")) == digest(dt.date(2024, 2, 1))
    assert digest(np.datetime64("2024", "Y")) == digest(dt.date(2024, 1, 1))


class OfStation(Station):
    """One whose equality is no longer the generated one."""

    def __eq__(self, other):
        return self is other

    __hash__ = None


def test_a_dataclass_with_an_equality_of_its_own_is_refused():
    with pytest.raises(UnknownKey, match=r"got .*OfStation: .*OfStation\("):
        digest(OfStation("CH", 1))


def test_what_has_no_repr_is_shown_by_its_type():
    assert short(10**5000) == "<int>" and short(7) == "7"


def test_a_decimal_with_more_digits_than_any_float_that_is_whole():
    assert digest(Decimal("1" * 320 + ".0")) == digest(int("1" * 320)) != digest(Decimal("1" * 320 + ".5"))
