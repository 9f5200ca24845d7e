"""A hop inside a stage: the generated function beside a loop written by hand over the same `_process` calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from d4p.stage.instance import Stage

from .compiled import program
from .measure import Row, alternating, at_most, seconds

ITEMS = 1_000_000


def rows(quick: bool) -> Iterator[Row]:
    items = range(ITEMS // 10 if quick else ITEMS)
    for kind, by_hand in {"returning": returning, "writing": writing, "dicts": dicts}.items():
        with program("hop.py:chain", "processes", 2, kind=kind) as names:
            stage, feed = generated(names)
            hand_written = by_hand(*(names["workflow"].copy(name, 0) for name in "abcd"))
            ours, hand = alternating(7, partial(seconds, feed, items), partial(seconds, hand_written, items))
        assert stage.report()["received"]["d"] == 7 * len(items) and stage.pes[-1].last == items[-1] + 3
        each = 1e9 / len(items) / 4
        yield Row(f"hop, {len(items):,} items through 4 PEs {kind}", f"{ours * each:.0f} ns a hop",
                  f"hand-written loop {hand * each:.0f} ns", **at_most(ours / hand, 1.6 if kind == "writing" else 2))


def generated(names: dict[str, Any]) -> tuple[Stage, Callable[[range], None]]:
    """The stage of the four PEs, and what an engine calls with a batch of items."""
    stage = Stage(names["workflow"], names["stage_2"].info, 0, lanes=None, spool=None, log=print)
    names["stage_2"](stage)
    stage.preprocess()
    return stage, lambda items: stage.feed(1, items)


def returning(a: Any, b: Any, c: Any, d: Any) -> Callable[[range], None]:
    """The loop that a person would write."""

    def loop(items: range) -> None:
        for item in items:
            item = a._process(item)
            if item is not None:
                item = b._process(item)
                if item is not None:
                    item = c._process(item)
                    if item is not None:
                        d._process(item)

    return loop


def writing(a: Any, b: Any, c: Any, d: Any) -> Callable[[range], None]:
    """What is written goes straight to the next PE's `_process`."""
    a.write = lambda port, item: b._process(item)
    b.write = lambda port, item: c._process(item)
    c.write = lambda port, item: d._process(item)

    def loop(items: range) -> None:
        for item in items:
            a._process(item)

    return loop


def dicts(a: Any, b: Any, c: Any, d: Any) -> Callable[[range], None]:
    """A dict in and a dict out at every call."""

    def loop(items: range) -> None:
        for item in items:
            result = a.process({"input": item})
            if result is not None:
                result = b.process({"input": result["output"]})
                if result is not None:
                    result = c.process({"input": result["output"]})
                    if result is not None:
                        d._process(result["output"])

    return loop
