"""What a port declares about its items, and which items are exactly that."""

from __future__ import annotations

import collections
import decimal
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from d4p import GenericPE
from d4p.items.schema import Field, declared_schema, schema_of, why_none

WORDS = declared_schema([("word", str), ("count", int)])
RECORD = declared_schema({"word": str, "count": int})


def test_names_alone_are_no_schema():
    pe = GenericPE()
    pe._add_output("names", tuple_type=["word", "count"])
    pe._add_output("nothing")
    pe._add_output("typed", tuple_type=[("word", str), ("count", int)])
    pe._add_output("record", tuple_type={"samples": "float32[]", "ok": bool, "raw": bytes, "at": float})
    ports = pe.outputconnections
    assert schema_of(ports["names"]) is None and schema_of(ports["nothing"]) is None
    assert tuple(schema_of(ports["typed"])) == (Field("word", "string"), Field("count", "int64"))
    assert [field.type for field in schema_of(ports["record"])] == ["float32[]", "bool", "binary", "float64"]
    assert (schema_of(ports["typed"]).form, schema_of(ports["record"]).form) == (tuple, dict)
    assert str(WORDS) == "word: string, count: int64"


@pytest.mark.parametrize(("declared", "why"), [
    (["word"], "names and no types"), (["ab", "cd"], "names and no types"), (None, "empty"), ({}, "empty"),
    ([], "empty"),
    ([("a", int), "b"], "names and no types"), ("ab", "names and no types"),
    ({"a": decimal.Decimal}, "the type of 'a' must be int, float, bool, str, bytes, or an array .*; it is Decimal"),
    ([("a", "float32")], "it is 'float32'"), ([("a", "complex64[]")], "must be"), ([("a", [int])], "must be"),
    ([("a", int), ("a", str)], "two fields called 'a'"), ({1: int}, "must be a str; it is 1"), ({"": int}, "must be"),
    ({"\ud800": int}, "must be a str"),
])  # fmt: skip
def test_why_a_declaration_is_no_schema(declared, why):
    assert re.search(why, why_none(declared))
    assert schema_of({"type": declared}) is None


class Word(str):
    pass


class Pair(tuple):
    pass


@pytest.mark.parametrize("item", [
    ("a", 1), ("", -(1 << 63)), ("é\0\U0001f600", (1 << 63) - 1),
])  # fmt: skip
def test_items_that_are_of_the_schema(item):
    assert WORDS.fits(item) and RECORD.fits(dict(zip(("word", "count"), item, strict=True)))
    assert not RECORD.fits(item) and not WORDS.fits(dict(zip(("word", "count"), item, strict=True)))


@pytest.mark.parametrize("item", [
    ("a", True), ("a", np.int64(1)), ("a", 1.0), ("a", 1 << 63), ("a", -(1 << 63) - 1), ("a", None), (None, 1),
    (Word("a"), 1), (np.str_("a"), 1), ("\ud800", 1), (b"a", 1), ("a",), ("a", 1, 2), ["a", 1], Pair(("a", 1)), "a1", 7,
])  # fmt: skip
def test_items_that_are_not(item):
    assert not WORDS.fits(item)
    assert WORDS.columns([("a", 1), item]) is None and WORDS.columns([item, ("a", 1)]) is None


@pytest.mark.parametrize("item", [
    {"word": "a"}, {"word": "a", "count": 1, "more": 2}, {"count": 1, "word": "a"}, {"word": "a", Word("count"): 1},
    {np.str_("word"): "a", "count": 1}, collections.OrderedDict(word="a", count=1), {"word": "a", "count": False}, {},
])  # fmt: skip
def test_dicts_that_are_not(item):
    assert not RECORD.fits(item) and RECORD.columns([{"word": "a", "count": 1}, item]) is None


@pytest.mark.parametrize("nothing", [{}, [], ()])
def test_nothing_is_no_schema(nothing):
    assert why_none(nothing) == "it is empty"


@pytest.mark.parametrize("number", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32",
                                    "float64"])  # fmt: skip
def test_arrays_of_any_number_may_be_fields(number):
    assert why_none({"a": f"{number}[]"}) is None
    assert declared_schema({"a": f"{number}[]"}).fields == (Field("a", f"{number}[]"),)


def test_arrays():
    schema = declared_schema([("samples", "float32[]")])
    fine = np.arange(4, dtype="float32")
    assert schema.fits((fine,)) and schema.fits((fine[::2],)) and schema.fits((fine[:0],))
    for other in (fine.astype("float64"), fine.astype(">f4"), fine.reshape(2, 2), np.ma.masked_array(fine), list(fine),
                  np.float32(1), fine.view(np.recarray), np.dtype("f4")):
        assert not schema.fits((other,)), other


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.integers(-(1 << 63), (1 << 63) - 1))))
def test_items_come_back_from_their_columns(items):
    columns = WORDS.columns(items)
    assert list(WORDS.items(columns)) == items
    records = [{"word": word, "count": count} for word, count in items]
    assert list(RECORD.items(RECORD.columns(records))) == records


def test_fields_that_items_may_have():
    for field, of_words, of_records in ((0, True, False), (-2, True, False), (2, False, False), (-3, False, False),
                                        ("word", True, True), ("more", False, False)):  # fmt: skip
        assert (WORDS.has(field), RECORD.has(field)) == (of_words, of_records)
