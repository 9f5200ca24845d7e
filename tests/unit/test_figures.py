"""Where an instance's time goes: the parts are its life, whatever it is put to."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from d4p.stage import figures
from d4p.stage.figures import PARTS, Clock
from d4p.stage.outlet import Lanes
from d4p.stage.sampled import Sampled, share_out


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr(figures.time, "perf_counter", time)
    monkeypatch.setattr(Clock.enter, "__defaults__", (time,))
    return time


def at(time: Time, clock: Clock, part: str, seconds: float) -> None:
    clock.enter(part)
    time.now += seconds


def test_each_moment_is_of_one_part(time):
    clock = Clock()
    for part, seconds in (("working", 2.0), ("packing", 0.5), ("blocked", 4.0), ("working", 1.0)):
        at(time, clock, part, seconds)
    clock.stop()
    time.now += 7.0  # it is over
    spent = clock.report()["seconds"]
    assert {part: each for part, each in spent.items() if each} == {"working": 3.0, "packing": 0.5, "blocked": 4.0}


def test_what_it_is_at_now_counts_up_to_now(time):
    clock = Clock()
    at(time, clock, "waiting", 3.0)
    assert clock.report()["seconds"]["waiting"] == 3.0
    time.now += 1.0
    assert clock.report()["seconds"]["waiting"] == 4.0


@given(steps=st.lists(st.tuples(st.sampled_from(PARTS), st.integers(0, 50)), max_size=30))
def test_the_parts_add_up_to_the_life(steps):
    clock = Clock()
    clock._since = began = 0.0
    now = began
    for part, seconds in steps:
        now += seconds
        clock.enter(part, lambda moment=now: moment)
    assert sum(clock.seconds.values()) == now - began


def test_while_the_next_item_is_asked_for_it_waits(time):
    def slow():
        time.now += 5.0
        yield "a"
        time.now += 1.0

    clock = Clock()
    clock.enter("working")
    for _ in clock.waiting(slow()):
        time.now += 2.0
    assert (clock.seconds["waiting"], clock.part) == (6.0, "working")
    clock.enter("working")
    assert clock.seconds["working"] == 2.0


def test_until_the_next_item_is_asked_for_it_is_blocked(time):
    clock = Clock()
    clock.enter("working")
    for _ in clock.handing(iter("ab")):
        time.now += 2.0
    assert (clock.seconds["blocked"], clock.part) == (4.0, "working")


def test_of_short_calls_some_stand_for_all(time):
    lanes, consumer = Lanes(1, lambda lane: None), Clock()
    lanes.clock.enter("working")
    consumer.enter("waiting")
    sampled, count, due = Sampled(lanes), 0, 1
    for _ in range(10_000):
        count += 1
        time.now += 30e-6  # 10 of its own, 5 of packing, 15 of the consumer's
        if count >= due:
            weight = sampled.weight(count)
            sampled.packed(5e-6 * weight)
            sampled.worked(consumer, 15e-6 * weight)
            due = sampled.next(count, 20e-6)
    for clock in (lanes.clock, consumer):
        clock.enter("waiting")
    share_out([sampled])
    producer = lanes.clock.seconds
    assert producer["working"] == pytest.approx(0.1, rel=0.05)
    assert producer["packing"] == pytest.approx(0.05, rel=0.05)
    assert producer["blocked"] == consumer.seconds["working"] == pytest.approx(0.15, rel=0.05)
    assert sum(producer.values()) == sum(consumer.seconds.values()) == pytest.approx(0.3)


def test_a_long_call_is_timed_and_so_is_the_one_after_it():
    sampled = Sampled(Lanes(1, lambda lane: None))
    assert sampled.next(5_000, 0.01) == 5_001
    assert sampled.next(5_000, 1e-6) > 5_050


def test_no_more_is_given_than_there_is(time):
    lanes, consumer = Lanes(1, lambda lane: None), Clock()
    lanes.clock.enter("working")
    at(time, consumer, "waiting", 1.0)
    for clock in (lanes.clock, consumer):
        clock.enter("waiting")
    sampled = Sampled(lanes)
    sampled.worked(consumer, 60.0)
    share_out([sampled])
    assert consumer.seconds["working"] == lanes.clock.seconds["blocked"] == 1.0
    assert min(*consumer.seconds.values(), *lanes.clock.seconds.values()) >= 0


#: Two loops on one core, of which one is an instance: it says which share of its life it had no core.
_SHARED = """
import os, time
from d4p.stage.figures import Clock

os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
if not (other := os.fork()):
    parent = os.getppid()
    while os.getppid() == parent:
        pass
    os._exit(0)
clock = Clock()
clock.alone()
while time.thread_time() < 0.4:
    pass
os.kill(other, 9)
os.waitpid(other, 0)
clock.stop()
print(clock.report()["delayed"], clock.report()["cpu"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells for how long a thread had no core")
def test_for_how_long_no_core_was_free_is_known():
    done = subprocess.run([sys.executable, "-c", _SHARED], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    delayed, cpu = map(float, done.stdout.split())
    assert delayed > 0.1 * cpu and cpu > 0.3
