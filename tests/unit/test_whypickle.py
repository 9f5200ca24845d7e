"""The path to what can't be pickled is one that the user can follow."""

from __future__ import annotations

import threading

import pytest

from d4p.items.whypickle import why_unpicklable

LOCK = threading.Lock()
WHY = "cannot pickle '_thread.lock' object"


class Made:
    """An object that says how it is pickled."""

    __slots__ = ("reduced",)

    def __init__(self, *reduced):
        self.reduced = reduced

    def __reduce__(self):
        return self.reduced


class Stated:
    def __init__(self, state):
        self.state = state

    def __getstate__(self):
        return self.state


class Refusing:
    def __init__(self, inner, error):
        self.inner, self.error = inner, error

    def __reduce_ex__(self, protocol):
        raise self.error


class ByProtocol:
    """Says by which protocol it is pickled what it holds."""

    def __reduce_ex__(self, protocol):
        return list, ([LOCK],) if protocol == 5 else ([1],)


class Key:
    def __init__(self, lock):
        self.lock = lock

    def __repr__(self):
        return "Key()"


@pytest.mark.parametrize(("item", "path"), [
    (LOCK, "the item itself"), ([1, LOCK], "[1]"), ((1, [LOCK]), "[1][0]"), ({"a": 1, "b": {"c": LOCK}}, "['b']['c']"),
    ({Key(LOCK): 1}, " key Key().lock"), ({Key(LOCK)}, " element Key().lock"),
    (frozenset([Key(LOCK)]), " element Key().lock"), (Key([1, {"x": LOCK}]), ".lock[1]['x']"),
    (Made(list, ([1, LOCK],)), ".__reduce__()[1][0][1]"), (Made(Key, (1,), {"more": LOCK}), ".more"),
    (Made(Key, (1,), (None, {"slot": LOCK})), ".slot"), (Made(Key, (1,), [LOCK]), ".__getstate__()[0]"),
    (ByProtocol(), ".__reduce__()[1][0][0]"), (Stated({"kept": LOCK}), ".kept"),
    (Stated([1, LOCK]), ".__getstate__()[1]"),
])  # fmt: skip
def test_the_path_to_it(item, path):
    assert why_unpicklable(item) == f"{path}: {WHY}"


def test_what_an_object_says_itself():
    assert why_unpicklable([Refusing(1, TypeError("not me"))]) == "[0]: not me"
    assert why_unpicklable(Refusing(1, KeyError())) == "the item itself: KeyError"
    assert why_unpicklable([Stated({"a": 1}), Made(list, ([1],)), "text", {1: 2}]) == ""


def test_nested_too_deeply():
    deep = LOCK
    for _ in range(60):
        deep = [deep]
    assert why_unpicklable(deep) == f"{'[0]' * 50}: {WHY}"
    for _ in range(100_000):
        deep = [deep]
    assert why_unpicklable(deep).endswith("nested too deeply to be pickled")


def test_what_contains_itself():
    loop = {"a": []}
    loop["a"] += [loop, LOCK]
    assert why_unpicklable(loop) == f"['a'][1]: {WHY}"
