"""The times of PEs in a stage: of what they do themselves, and for no more than a share of the run."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from d4p import IterativePE
from d4p.program.totals import profile
from d4p.stage.figures import Clock
from d4p.stage.profile import FIRST, SHARE, Profile


class Work(IterativePE):
    """Takes as long as it is told, and hands on to the next."""

    def __init__(self, time, seconds: float, then=None) -> None:
        IterativePE.__init__(self)
        self.time, self.seconds, self.then = time, seconds, then

    def _process(self, item):
        self.time.now += self.seconds
        if self.then is not None:
            self.then(item)
        self.time.now += self.seconds
        return type(self).__name__


class Batches(Work):
    def process_batch(self, inputs):
        for batch in inputs["input"]:
            self.time.now += self.seconds
            yield batch


class Inheriting(Work):
    pass


class Meta(type):
    def __setattr__(cls, name, value):
        raise TypeError(f"{name} stays as it is")


@pytest.fixture
def time():
    """A clock that goes on where a PE says so, and at each look so little that a call costs something."""
    made = SimpleNamespace(now=0.0, tick=0.0)

    def look() -> float:
        made.now += made.tick
        return made.now

    made.look, made.profiles = look, []
    yield made
    for each in made.profiles:
        each.stop()


def timed(time, *pes) -> tuple[Profile, SimpleNamespace]:
    clock = SimpleNamespace(seconds=dict.fromkeys(("packing", "blocked"), 0.0), part="working", thread=None,
                            report=lambda: {"seconds": {"working": time.now}})
    stage = SimpleNamespace(names=tuple(f"pe{number}" for number in range(len(pes))), pes=pes, clock=clock)
    found = Profile(time.look, time.look)
    found.add(stage)
    time.profiles.append(found)
    return found, stage


def test_each_has_what_it_does_itself(time):
    last = Work(time, 9.0)
    first = Work(time, 1.0, lambda item: last._process(item))
    found, stage = timed(time, first, last)
    first._process(0)
    found.turn()
    for _ in range(3):
        assert first._process(0) == "Work"
    found.stop()
    first._process(0)
    assert stage.profile() == {"pe0": [6.0, 3], "pe1": [54.0, 3]}


def test_what_is_packed_and_sent_is_nobodys(time):
    def send(item):
        time.now += 5.0
        stage.clock.seconds["packing"] += 2.0
        stage.clock.seconds["blocked"] += 3.0

    inner = Work(time, 1.0, send)
    outer = Work(time, 0.5, lambda item: inner._process(item))
    found, stage = timed(time, outer, inner)
    found.turn()
    outer._process(0)
    assert stage.profile() == {"pe0": [1.0, 1], "pe1": [2.0, 1]}


def test_a_generator_of_batches_is_timed_as_it_is_drained(time):
    pe = Batches(time, 2.0)
    found, stage = timed(time, pe)
    found.turn()
    for _ in pe.process_batch({"input": [1, 2, 3]}):
        time.now += 100.0
    assert stage.profile()["pe0"] == [6.0, 3]


def test_of_one_that_has_no_call_of_its_own_it_is_the_rest():
    report = {"stage": 1, "received": {"first": 1, "last": 500},
              "figures": {"seconds": {"working": 1250.0}, "profile": {"first": [0.0, 0], "last": [10.0, 5]}}}
    (shares,) = profile([report, report])
    assert {pe: of["share"] for pe, of in shares["pes"].items()} == {"first": 0.2, "last": 0.8}
    assert (shares["pes"]["last"]["seconds"], shares["pes"]["last"]["calls"]) == (20.0, 10)


def test_short_calls_are_timed_for_a_share_of_the_run(time):
    time.tick = 2e-7
    pe = Work(time, 1e-7)
    found, stage = timed(time, pe)
    items = 0
    while time.now < 50.0:
        found.turn()
        for _ in range(50_000 if found.on else 1):
            pe._process(0)
        items += 50_000
        time.now += 0.01
    calls = stage.profile()["pe0"][1]
    assert 1_000 < calls < items / 5 and calls * found._cost < 1.1 * (FIRST + SHARE * time.now)


def test_some_are_timed_at_first_whatever_that_costs(time):
    time.tick = 1.0
    pe = Work(time, 1.0)
    found, stage = timed(time, pe)
    found.turn()
    pe._process(0)
    assert stage.profile()["pe0"][1] == 1


def test_long_calls_are_timed_all_the_time(time):
    time.tick = 2e-7
    pe = Work(time, 0.005)
    found, stage = timed(time, pe)
    for _ in range(500):
        found.turn()
        pe._process(0)
    assert stage.profile()["pe0"][1] == 500


def test_a_class_is_afterwards_what_it_was(time):
    pes = Work(time, 1.0), Inheriting(time, 2.0), Work(time, 4.0)
    plain, had = Work._process, vars(Inheriting).keys()
    found, stage = timed(time, *pes)
    others, other = timed(time, Work(time, 8.0), Inheriting(time, 16.0))
    found.turn()
    others.turn()
    for each in (*pes, *other.pes):
        assert each._process(0) == type(each).__name__
    found.stop()
    for each in (*pes, *other.pes):
        each._process(0)
    others.stop()
    assert stage.profile() == {"pe0": [2.0, 1], "pe1": [4.0, 1], "pe2": [8.0, 1]}
    assert other.profile() == {"pe0": [32.0, 2], "pe1": [64.0, 2]}
    assert Work._process is plain and vars(Inheriting).keys() == had and not {"_process"} & vars(pes[0]).keys()


def test_one_with_a_method_of_its_own_has_that_timed(time):
    own = Work(time, 1.0)
    inner = own._process
    method = own._process = lambda item: inner(item)
    found, stage = timed(time, own)
    found.turn()
    assert own._process(0) == "Work"
    found.stop()
    assert own._process is method and stage.profile()["pe0"] == [2.0, 1]


def test_a_class_that_cant_be_changed_is_let_be(time):
    pe = Meta("Fixed", (Work,), {})(time, 1.0)
    found, stage = timed(time, pe)
    found.turn()
    assert pe._process(0) == "Fixed" and stage.profile()["pe0"] == [0.0, 0]
    found.stop()
    assert pe._process(0) == "Fixed"


def test_a_clock_has_the_parts_that_are_left_out():
    assert {"packing", "blocked", "working"} <= Clock().seconds.keys()
