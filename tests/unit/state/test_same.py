"""Which expressions of a function are the same for every item."""

import ast
import os
from os import environ

import pytest

from d4p_compile.analysis.same import Same
from d4p_compile.analysis.source import Function, read

GLOBAL = "a"


def method(self, item, fixed, changed):
    import json as reader

    local = "a"
    other = local
    twice = 1
    twice = 2
    first, second = "a", "b"
    with open("x") as file:
        pass
    changed = 1
    counted = 0
    counted += 1
    for each in "abc":
        counted += len(each)
    made = item
    return reader, environ, os, GLOBAL, other, twice, first, second, file, counted, changed, made


def same(**more):
    return Same(read(method), "self", lambda name: name != "changing", **more)


def parsed(text):
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(("text", "path", "always"), [
    ("'a'", True, True), ("GLOBAL", True, True), ("local", True, True), ("other", True, True), ("twice", False, False),
    ("first", False, False), ("file", False, True), ("counted", False, False), ("each", False, False),
    ("item", False, False), ("made", False, False), ("fixed", True, True), ("changed", False, False),
    ("reader", True, True), ("item.name", False, False), ("local.name", True, True), ("self.path", True, True),
    ("self.rank", False, False), ("self.changing", False, False), ("self", False, False), ("other.rank", True, True),
    ("str(self.path)", True, True), ("reader.load(self.path)", False, True), ("str(item)", False, False),
    ("str(object=item)", False, False), ("item.format(local)", False, False), ("str(object=local)", True, True),
    ("f'{local}.txt'", True, True), ("f'{item}.txt'", False, False), ("local + '.txt'", True, True),
    ("local + item", False, False), ("(local, 'a')", True, True), ("[local, item]", False, False),
    ("{'a': local}", False, True), ("{local}", False, True), ("local[1:]", False, True), ("local[item]", False, False),
    ("-local", False, True), ("local and other", False, True), ("local < item", False, False),
    ("'a' if local else item", False, False), ("'a' if local else 'b'", False, True), ("[*local]", False, True),
    ("os.environ['HOME']", True, True), ("os.environ[item]", False, False), ("environ['HOME']", True, True),
    ("environ[local]", False, True), ("os.getenv('A')", True, True), ("[a for a in local]", False, True),
    ("[a for a in item]", False, False), ("[item for a in local]", False, False), ("{a for a in local}", False, True),
    ("[a for a in local if item]", False, False), ("[a for a in local if a]", False, True),
    ("[b for a in local for b in a]", False, True), ("[b for a in local for b in item]", False, False),
    ("{a: b for a, b in local}", False, True), ("([item for item in local], 1)", False, True),
    ("([item for item in local], item)", False, False), ("(lambda: 1)", False, False), ("(yield)", False, False),
    ("functions[0](local)", False, True),
])  # fmt: skip
def test_what_is_the_same(text, path, always):
    found = same(fixed={"fixed", "changed"})
    assert found.path(parsed(text)) is path
    assert found.for_all_items(parsed(text)) is always


@pytest.mark.parametrize(("text", "is_so"), [
    ("item.key", True), ("str(item.key)", True), ("item", False), ("(item.key, local)", True), ("item.other", False),
])  # fmt: skip
def test_what_is_the_same_where_something_is_given(text, is_so):
    assert same(given="item.key").for_all_items(parsed(text)) is is_so


@pytest.mark.parametrize(("text", "is_so"), [
    ("item", True), ("item.name", True), ("item[0]", True), ("item[local]", True), ("local", True), ("twice", False),
    ("counted", False), ("(item, local)", True), ("str(item)", False), ("item + 1", False), ("'a'", True),
    ("each", False), ("first", False), ("GLOBAL", True),
])  # fmt: skip
def test_what_is_one_thing_wherever_it_stands(text, is_so):
    assert same().is_one_thing(parsed(text)) is is_so


@pytest.mark.parametrize(("length", "is_so"), [(8, True), (9, False)])
def test_how_many_locals_are_followed(length, is_so):
    lines = ["def chain(item):\n", "    name0 = 'a'\n",
             *(f"    name{k + 1} = name{k}\n" for k in range(length))]  # fmt: skip
    found = Same(Function("chain", ast.parse("".join(lines)).body[0], {}, {}, {}, ""), "")
    assert found.path(parsed(f"name{length - 1}")) is is_so
