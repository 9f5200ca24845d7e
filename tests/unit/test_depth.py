"""Calls that are bounded in depth: the order in which items are taken is that of the calls alone."""

from __future__ import annotations

import random
import sys

import pytest

from d4p.graph.base import IterativePE, ProducerPE
from d4p.graph.workflow_graph import WorkflowGraph
from d4p.stage.depth import FRAMES, NESTED, Trampoline
from tests.targets import listed


def taken(calls: list[list[int]], bound) -> list[int]:
    """The order in which the functions of a tree of calls are called: number i calls those of `calls[i]`, in turn."""
    order: list[int] = []

    def function(number: int):
        def take(item: None) -> None:
            order.append(number)
            for after in calls[number]:
                functions[after](item)

        return bound(take)

    functions = [function(number) for number in range(len(calls))]
    functions[0](None)
    return order


@pytest.mark.parametrize("seed", range(20))
def test_order_is_that_of_unbounded_calls(seed):
    """Trees of calls that are up to ten times as deep as may nest, with branches at any depth."""
    choose = random.Random(seed)
    calls: list[list[int]] = [[]]
    tips = [0]
    while len(calls) < 10 * NESTED:
        tip = choose.choice(tips) if choose.random() < 0.05 else tips[-1]
        calls[tip].append(len(calls))
        tips.append(len(calls))
        calls.append([])
    plain = taken(calls, lambda take: take)
    assert sorted(plain) == list(range(len(calls))) and taken(calls, Trampoline().bounded) == plain


@pytest.mark.parametrize("hops", [1, NESTED - 1, NESTED, NESTED + 1, 3 * NESTED, 1000])
def test_a_chain_of_any_length_takes_no_deeper_a_stack(hops):
    deepest = 0

    def take(item: int) -> None:
        nonlocal deepest
        deepest = max(deepest, len(list(frames())))
        if item:
            bounded(item - 1)

    bounded = Trampoline().bounded(take)
    here = len(list(frames()))
    bounded(hops)
    assert deepest - here <= 2 * NESTED + 3 < FRAMES


def frames():
    frame = sys._getframe()
    while frame := frame.f_back:
        yield frame


class Numbers(ProducerPE):
    def _process(self, inputs):
        for i in range(3):
            self.write("output", i)


class Twice(IterativePE):
    """Writes to a long way first, then to a short one."""

    def __init__(self):
        IterativePE.__init__(self)
        self._add_output("short")

    def _process(self, i):
        self.write("output", (i, "long"))
        self.write("short", (i, "short"))


class Hop(IterativePE):
    def _process(self, item):
        self.write("output", item)


class Lists(IterativePE):
    """All it got, in order."""

    def __init__(self):
        IterativePE.__init__(self)
        self.got = []

    def _process(self, item):
        self.got.append(item)

    def _postprocess(self):
        self.write("output", self.got)


def fan_in(hops, apart):
    """Numbers | Twice | Hop x hops | Lists, which takes what comes straight, too."""
    graph = WorkflowGraph()
    source, lists = Twice(), Lists()
    graph.connect(Numbers(), "output", source, "input")
    before, alone = source, []
    for number in range(hops):
        hop = Hop()
        if apart and number % 7 == 0:
            alone.append([hop])
        graph.connect(before, "output", hop, "input")
        before = hop
    graph.connect(before, "output", lists, "input")
    graph.connect(source, "short", lists, "input")
    if apart:
        graph.partitions = alone
    return graph


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("hops", [1, 38, 39, 40, 41, 42, 85, 200])
def test_a_fan_in_takes_items_in_the_same_order_behind_any_number_of_hops(hops, apart, tmp_path):
    ((got,),) = listed(f"{__file__}:fan_in", "sequential", parameters={"hops": hops, "apart": apart}).values()
    assert got == [(i, way) for i in range(3) for way in ("long", "short")]
