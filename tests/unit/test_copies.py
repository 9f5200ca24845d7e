"""Copies of PEs: what deepcopy makes, each with what it and its class can change."""

from __future__ import annotations

import copy
import copyreg
import threading

import pytest

from d4p.graph.base import IterativePE
from d4p.graph.copies import copied, held


class Plain(IterativePE):
    seen = []  # noqa: RUF012

    def __init__(self):
        IterativePE.__init__(self)
        self.items = [1, [2]]
        self.same = self.items
        self.me = self
        self.method = self._process

    def _process(self, item):
        return self.items[0] + item


class Slotted(Plain):
    __slots__ = ("extra",)

    def __init__(self):
        Plain.__init__(self)
        self.extra = [3]


class Restored(Plain):
    def __getstate__(self):
        return {"items": self.items}

    def __setstate__(self, state):
        self.__dict__.update(state, restored=True)


class Left(Plain):
    def __getstate__(self):
        return {"items": self.items}


class Shadowed(Plain):
    @property
    def twice(self):
        return self.__dict__["twice"] * 2

    @twice.setter
    def twice(self, value):
        raise AssertionError("a copy sets what the original has, not what its setter makes of it")

    def __init__(self):
        Plain.__init__(self)
        self.__dict__["twice"] = 21


class Guarded(Plain):
    def __setattr__(self, name, value):
        if name == "items" and "items" in vars(self):
            raise AssertionError("items are set once")
        super().__setattr__(name, value)


class Own(Plain):
    def __deepcopy__(self, memo):
        made = Own()
        made.made = True
        return made


class Registered(Plain):
    pass


def _registered(number):
    made = Registered()
    made.number = number
    return made


@pytest.mark.parametrize("cls", [Plain, Slotted, Restored, Left, Shadowed, Guarded, Own, Registered])
def test_a_copy_has_what_deepcopy_gives_it_and_what_its_class_can_change(cls, monkeypatch):
    monkeypatch.setitem(copyreg.dispatch_table, Registered, lambda pe: (_registered, (7,)))
    pe = cls()
    mine, other = copied(pe), copy.deepcopy(pe)
    assert type(mine) is cls and mine is not pe
    assert set(vars(mine)) == set(vars(other)) | {"seen"}
    assert mine.seen == [] and mine.seen is not Plain.seen
    assert mine.items == pe.items and mine.items is not pe.items and mine.items[1] is not pe.items[1]
    for name in ("extra", "restored", "twice", "made", "number"):
        assert getattr(mine, name, None) == getattr(other, name, None)


def test_what_a_pe_keeps_of_itself_is_the_copy():
    mine = copied(Plain())
    assert mine.me is mine and mine.method.__self__ is mine and mine.same is mine.items


def test_the_sole_copy_takes_over_what_cannot_be_copied():
    pe = IterativePE()
    pe.lock, pe.words, pe.numbers = threading.Lock(), ["a"], (n for n in range(3))
    assert list(held(pe)) == ["lock", "numbers"]
    with pytest.raises(TypeError, match="lock"):
        copied(pe)
    mine = copied(pe, sole=True)
    assert mine.lock is pe.lock and mine.numbers is pe.numbers
    assert mine.words == pe.words and mine.words is not pe.words
