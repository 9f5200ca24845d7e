"""The state of a PE that is put back where it fails for an item: which attributes, and as they were."""

from __future__ import annotations

import threading

import pytest

from d4p import IterativePE
from d4p.errors import Refused
from d4p.items.put_back import State, check


class Counts(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.counts, self.total, self.shared = {"a": [1]}, 0, []
        self.same = self.shared

    def other(self, item):
        return item


def changed(pe):
    pe.counts["a"].append(2)
    pe.counts["b"] = []
    pe.total += 1
    pe.shared.append(3)
    pe.new = "made for the item"


def state_of(pe):
    names = ("counts", "total", "shared", "same", "new", "limit")
    return {name: getattr(pe, name) for name in names if hasattr(pe, name)}


@pytest.mark.parametrize("times", [1, 2])
def test_all_that_is_state_is_as_it_was(times):
    pe = Counts()
    state = State(pe, "Counts", True)
    taken = state.taken()
    for _ in range(times):
        changed(pe)
        state.put_back(taken)
        assert state_of(pe) == {"counts": {"a": [1]}, "total": 0, "shared": [], "same": []}
        assert pe.same is pe.shared, "what was one thing is one"


def test_what_is_named_is_as_it_was_and_the_rest_as_it_is():
    pe = Counts()
    state = State(pe, "Counts", ("counts", "no such"))
    taken = state.taken()
    changed(pe)
    state.put_back(taken)
    assert state_of(pe) == {"counts": {"a": [1]}, "total": 1, "shared": [3], "same": [3], "new": "made for the item"}


@pytest.mark.parametrize("names", [False, ()])
def test_nothing_is_put_back_where_nothing_is_named(names):
    pe = Counts()
    state = State(pe, "Counts", names)
    taken = state.taken()
    changed(pe)
    state.put_back(taken)
    assert state_of(pe)["total"] == 1 and taken == ({}, None)


def test_what_an_engine_puts_there_is_nobodys_state():
    pe = Counts()
    before = State(pe, "Counts", True).taken()
    assert set(before[0]) == {"total"} and isinstance(before[1], bytes)
    pe.write, pe.rank, pe._d4p_mark, pe.kept = print, 3, object(), pe.other
    pe.inputconnections["more"] = {}
    state = State(pe, "Counts", True)
    state.put_back(before)
    for name in ("process", "_process", "process_batch", "preprocess", "postprocess"):
        setattr(pe, name, print)
    state.put_back(before)
    assert [pe.process, pe._process, pe.process_batch, pe.preprocess, pe.postprocess] == [print] * 5
    assert pe.write is print and pe.rank == 3 and pe._d4p_mark and pe.kept.__self__ is pe
    assert "more" in pe.inputconnections


def test_what_can_be_copied_and_not_pickled():
    """A class that is made in a function, say."""

    class Within:
        def __init__(self):
            self.seen = []

    pe = Counts()
    pe.within = Within()
    state = State(pe, "Counts", True)
    taken = state.taken()
    for _ in range(2):
        pe.within.seen.append(1)
        changed(pe)
        state.put_back(taken)
        assert pe.within.seen == [] and pe.counts == {"a": [1]}


@pytest.mark.parametrize("names", [True, ("lock",)])
def test_what_can_not_be_copied_is_named(names):
    pe = Counts()
    pe.lock = threading.Lock()
    with pytest.raises(Refused, match=r"^copy_state of count \(Counts\) can't put back its attribute 'lock', which "
                                      r"can't be copied: .*lock.*\. Name those that it is to put back: copy_state="):
        check(pe, "count", names)
    check(pe, "count", ("counts",))
