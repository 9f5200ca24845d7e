"""What the instances of a PE share: nothing that changes."""

import copy
import itertools
import json
import threading

import numpy as np

from d4p import IterativePE
from d4p.workflow.workflow import Workflow
from tests.calls import calls

from .examples import WORD, Tally, logger


class Shares(IterativePE):
    array_of_class = np.zeros(1)
    tally_of_class = Tally()
    ids_of_class = itertools.count()
    list_of_class = []
    nested = ([],)
    word = WORD
    number = 3
    names = ("a", frozenset("b"))
    log_of_class = logger
    made_of_class = Tally
    module = json
    lock = threading.Lock()
    missing = object()
    later = None

    @property
    def value(self):
        return 1


class SharesMore(Shares):
    list_of_class = None


def copies(pe, count=2):
    workflow = Workflow("module:graph", "")
    vars(workflow)["pes"] = {"pe": pe}
    return [workflow.copy("pe", i) for i in range(count)]


def test_instances_share_nothing_that_changes():
    first, second = copies(Shares())
    for name in ("array_of_class", "tally_of_class", "ids_of_class", "list_of_class", "nested"):
        assert getattr(first, name) is not getattr(second, name), name
        assert getattr(first, name) is not getattr(Shares, name), name
    assert next(first.ids_of_class) == next(second.ids_of_class) == 0
    for name in ("word", "number", "names", "log_of_class", "made_of_class", "module", "lock", "missing", "value"):
        assert name not in vars(first), name
    assert "_process" not in vars(first) and "single" not in vars(first)
    assert "list_of_class" not in vars(copies(SharesMore())[0])
    Shares.later = []
    try:
        assert copies(Shares())[0].later is not Shares.later
    finally:
        Shares.later = None


def test_what_the_object_has_itself_is_kept():
    pe = Shares()
    pe.list_of_class = [1]
    pe.alias = Shares.tally_of_class
    first, _ = copies(pe)
    assert first.list_of_class == [1]
    assert first.alias is first.tally_of_class


def test_thousand_copies_are_quick():
    pe = IterativePE()
    copies(pe)
    assert calls(copies, pe, 1000) < 2000 * calls(copy.deepcopy, pe)
