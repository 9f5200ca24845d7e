"""When items leave: batches that grow under load, and none that waits while the line is idle."""

from __future__ import annotations

import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from d4p.describe.failure import PeFailed
from d4p.engines.channels import sender as senders
from d4p.engines.channels import sharing as sharings
from d4p.engines.channels.parcels import pack_parcel, places_of, unpack_parcel
from d4p.engines.channels.sender import BATCH_BYTES, BATCH_ITEMS, LATE, Flusher, Sender
from d4p.engines.channels.sharing import Sharing
from d4p.places.marks import Head, Run
from d4p.places.place import ENDED
from d4p.stage.channel import Channel
from d4p.stage.exchange import Gather, RoundRobin
from d4p.stage.outlet import outlet


class Line:
    """A channel to some instances, and what was sent to them."""

    def __init__(self, instances=1, exchange=None):
        self.sent = [[] for _ in range(instances)]
        self.sender = Sender(1, "a.x -> b.y", instances, self.post)
        self.put = outlet(Channel(1, "a.x -> b.y", exchange or Gather()), 0, self.sender.lanes).put

    def post(self, dest, parcel):
        self.sent[dest].append(unpack_parcel(parcel.head, map(bytearray, parcel.buffers)))

    def items(self, dest=0):
        return [item for batch in self.sent[dest] for item in batch]


def test_the_first_item_leaves_at_once_and_batches_grow_under_load(monkeypatch):
    monkeypatch.setattr(senders, "BATCH_SECONDS", 60)
    line = Line()
    line.put("first")
    assert line.sent == [[["first"]]]
    for n in range(100_000):
        line.put(n)
    line.sender.flush()
    sizes = [len(batch) for batch in line.sent[0]]
    assert line.items() == ["first", *range(100_000)]
    assert sizes[:4] == [1, 2, 4, 8] and max(sizes) == BATCH_ITEMS and len(sizes) < 60


@pytest.mark.parametrize("seconds", [0.25, 0.5])
def test_batches_of_a_slow_producer_stay_small(seconds, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(senders.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(senders, "BATCH_SECONDS", 0.25)
    line = Line()
    for n in range(20):
        clock[0] += seconds
        line.put(n)
    assert [len(batch) for batch in line.sent[0]] == [1] * 20


def test_batches_grow_again_after_a_pause(monkeypatch):
    """What counts is the time since the last batch left, not how long the run has taken by then."""
    clock = [0.0]
    monkeypatch.setattr(senders.time, "perf_counter", lambda: clock[0])
    line = Line()
    clock[0] = 100.0
    for n in range(32):
        line.put(n)
    assert [len(batch) for batch in line.sent[0]] == [1, 1, 2, 4, 8, 16]


def test_large_items_after_many_small_ones_do_not_wait_for_as_many():
    line = Line()
    for n in range(50_000):
        line.put(n)
    large, held = np.zeros(1 << 18), 0
    for _ in range(200):
        line.put({"data": (large, 1)})
        held = max(held, sum(type(item) is dict for item in line.sender.lanes.held[0]))
    assert held <= 64
    line.sender.flush()
    assert len(line.items()) == 50_200
    assert len(line.sent[0][-2]) * large.nbytes <= max(BATCH_BYTES, large.nbytes)


def test_it_looks_at_what_waits_once_in_64_items(monkeypatch):
    line, looks, clock = Line(), [0], senders.time.perf_counter
    monkeypatch.setattr(senders, "BATCH_SECONDS", 60)

    def look():
        looks[0] += 1
        return clock()

    monkeypatch.setattr(senders.time, "perf_counter", look)
    for n in range(100_000):
        line.put(n)
    assert 100_000 / 64 <= looks[0] < 1.1 * 100_000 / 64 + 100


@pytest.mark.parametrize("size, most", [(1000, 256), (64 << 10, 4), (300 << 10, 1)])
def test_batches_grow_to_their_bytes(size, most, monkeypatch):
    monkeypatch.setattr(senders, "BATCH_SECONDS", 60)
    line = Line()
    for n in range(2000 if size < 10_000 else 30):
        line.put((n, bytes(size)))
    sizes = [len(batch) for batch in line.sent[0]]
    assert most / 2 < max(sizes) <= most and sizes[0] == 1
    assert [n for n, _ in line.items()] == list(range(sum(sizes)))


def test_batches_shrink_where_filling_one_took_long(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(senders.time, "perf_counter", lambda: clock[0])
    line = Line()
    for n in range(1023):
        line.put(n)
    assert [len(batch) for batch in line.sent[0]][-1] == 512
    clock[0] += 1
    for n in range(64):
        line.put(n)
    assert [len(batch) for batch in line.sent[0]][-1] == 64  # looked at, and late
    clock[0] += 1
    for n in range(32):
        line.put(n)
    assert [len(batch) for batch in line.sent[0]][-1] == 32


def test_how_large_an_item_is_about():
    size, text = senders.roughly, sys.getsizeof
    assert size(np.zeros(1000)) == 8000 and size("x" * 1000) == text("x" * 1000) and size(b"") == text(b"")
    assert size((np.zeros(10), "a")) == 80 + text("a") == size([np.zeros(10), "a"]) == size({1: np.zeros(10), 2: "a"})
    assert size(SimpleNamespace(data=np.zeros(10))) == 80
    assert size([[np.zeros(10)]]) == 80 and size([[[np.zeros(10)]]]) == text([1])  # what lies deeper isn't seen
    assert size([np.zeros(1)] * 100) == 16 * 8 and size(dict.fromkeys(range(100), np.zeros(1))) == 16 * 8
    assert size([]) == text([]) and size({}) == text({}) and size(()) == text(())
    assert size(SimpleNamespace(nbytes="many")) == text("many")


def test_what_waits_is_late_after_a_while(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(senders.time, "perf_counter", lambda: clock[0])
    line = Line(2, RoundRobin())
    for n in range(4):  # the first of each leaves at once
        line.put(n)
    clock[0] = LATE
    assert not line.sender.flush_late() and line.items(0) == [0]
    clock[0] = LATE * 1.001
    assert line.sender.flush_late() and line.items(0) == [0, 2] and line.items(1) == [1, 3]
    assert not line.sender.flush_late()
    clock[0] += 1
    assert not line.sender.flush_late(), "nothing waits"
    line = Line()
    line.put(0)
    line.put(1)
    clock[0] += 0.021  # what is ready is on its way 20 ms later
    assert line.items() == [0] and line.sender.flush_late() and line.items() == [0, 1]


def test_what_another_thread_is_sending_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(senders, "BATCH_SECONDS", 60)
    monkeypatch.setattr(senders, "LATE", -1.0)
    line, found = Line(), []
    line.put(1)
    line.put(2)
    with line.sender._sending:
        thread = threading.Thread(target=lambda: found.append(line.sender.flush_late()), daemon=True)
        thread.start()
        thread.join(20)
        assert found == [False]
    assert line.sender.flush_late() and line.items() == [1, 2]


def test_the_flusher_sleeps_longer_where_it_finds_nothing_and_ends():
    found, pauses = iter([False] * 5 + [True, False, False]), []

    class Stop:
        def wait(self, pause):
            pauses.append(round(pause / LATE, 9))
            return len(pauses) > 8

    flusher = Flusher(lambda: [SimpleNamespace(flush_late=lambda: next(found))])
    assert flusher._thread.daemon
    flusher._stop = Stop()
    flusher._run()
    assert pauses == [1, 2, 4, 5, 5, 5, 1, 2, 4]
    with Flusher(list) as running:
        assert running._thread.is_alive()
    running._thread.join(20)
    assert not running._thread.is_alive()


def test_what_a_producer_leaves_behind_while_it_sleeps_is_sent():
    line = Line()
    with Flusher(lambda: [line.sender]):
        for n in range(1_000):
            line.put(n)
        until = time.monotonic() + 5
        while len(line.items()) < 1_000 and time.monotonic() < until:
            time.sleep(LATE)
    assert line.items() == list(range(1_000))


def test_order_holds_while_two_threads_send():
    line = Line(3, RoundRobin())
    stop = threading.Event()

    def flush():
        while not stop.is_set():
            line.sender.flush_late()

    senders_late, senders.LATE = senders.LATE, 0.0
    thread = threading.Thread(target=flush)
    thread.start()
    try:
        for n in range(200_000):
            line.put(n)
    finally:
        stop.set()
        thread.join()
        senders.LATE = senders_late
    line.sender.flush()
    assert [line.items(dest) for dest in range(3)] == [list(range(dest, 200_000, 3)) for dest in range(3)]


def test_flush_waits_for_what_another_thread_is_sending(monkeypatch):
    monkeypatch.setattr(senders, "BATCH_SECONDS", 60)  # also where the machine is slow, a second item waits
    line = Line()
    line.put(1)
    line.put(2)
    posting, go = threading.Event(), threading.Event()
    post = line.sender._post

    def slowly(dest, parcel):
        posting.set()
        go.wait(10)
        post(dest, parcel)

    line.sender._post = slowly
    monkeypatch.setattr(senders, "LATE", -1.0)  # what waits is late
    thread = threading.Thread(target=line.sender.flush_late)
    thread.start()
    assert posting.wait(10)
    threading.Timer(0.1, go.set).start()
    line.sender.flush()
    assert line.items() == [1, 2]
    thread.join()


def test_what_fails_in_the_other_thread_is_raised_in_the_producers(monkeypatch):
    monkeypatch.setattr(senders, "BATCH_SECONDS", 60)
    line = Line()
    line.put(1)
    line.put(threading.Lock())
    monkeypatch.setattr(senders, "LATE", -1.0)
    assert line.sender.flush_late()
    with pytest.raises(PeFailed, match="a.x -> b.y: items that go to another process must be picklable"):
        line.sender.flush()


def test_what_another_thread_has_sent_meanwhile_is_not_looked_at(monkeypatch):
    """The producer has put its item and is about to look at what waits: nothing does any more."""
    line = Line()
    line.put(1)
    line.sender.lanes.held[0].append(2)
    monkeypatch.setattr(senders, "LATE", -1.0)
    assert line.sender.flush_late()
    line.sender.lanes.send(0)
    assert line.items() == [1, 2]


def test_what_another_thread_has_sent_while_the_lock_was_waited_for_is_not_sent_again():
    """Nor as a batch of nothing."""
    line, asked = Line(), threading.Event()
    line.sender.lanes.held[0].append(1)

    class Asked:
        """The lock, which tells that it was asked for; meanwhile another thread has sent what was held."""

        def __enter__(self):
            asked.set()
            assert line.sender.lanes.held[0].pop() == 1

        def __exit__(self, *exc):
            pass

    line.sender._sending = Asked()
    line.sender.lanes.send(0)
    assert asked.is_set() and line.sent == [[]]


def test_a_batch_that_took_as_long_as_it_may_leaves(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(senders.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(senders, "BATCH_SECONDS", 0.25)
    for seconds, sent in ((0.25, [64]), (0.125, [])):
        clock[0] = 0.0
        line = Line()
        for n in range(1023):
            line.put(n)
        before = len(line.sent[0])
        clock[0] = seconds
        for n in range(64):
            line.put(n)
        assert [len(batch) for batch in line.sent[0]][before:] == sent


class Told:
    """Marks that were set for each lane: of each the head and the items of its next batch, if it has news."""

    def __init__(self, **news):
        self.left = {int(lane[1:]): cut for lane, cut in news.items()}

    def news(self, lane):
        return lane in self.left

    def cut(self, lane):
        return self.left.pop(lane)


HEAD = Head(3, ENDED, (Run((9,), (3, 0), 2),))


def test_the_places_of_items_go_before_them_and_alone_where_there_are_none():
    line, posted, left = Line(3), [], []
    sender = Sender(1, "a.x -> b.y", 3, lambda lane, parcel: posted.append((lane, parcel)))
    assert sender.lanes.places is True
    sender.lanes.leaves = left.append
    sender.lanes.marks = Told(l0=(HEAD, ["a", "b"]), l2=(HEAD, []))
    sender.flush(news=False)
    assert posted == [], "nothing is held"
    sender.flush()
    assert [(lane, places_of(parcel.head), unpack_parcel(parcel.head, iter(parcel.buffers))) for lane, parcel in posted
            ] == [(0, HEAD, ["a", "b"]), (2, HEAD, [])]
    assert left == [0, 2] and sender.lanes.items == [2, 0, 0] and sender.lanes.bytes[0] and not sender.lanes.bytes[2]
    sender.flush()
    assert len(posted) == 2 and not sender.flush_late()
    line.put(1)
    assert places_of(pack_parcel("a.x -> b.y", [1], 1 << 20).head) is None


def test_whoever_has_nothing_to_do_gets_a_few_items_at_once(monkeypatch):
    monkeypatch.setattr(senders, "BATCH_SECONDS", 60)
    for few, sizes in ((3, [3]), (64, [64]), (65, [])):
        line = Line()
        for n in range(20_000):
            line.put(n)
        line.sender.flush()
        line.sent[0].clear()
        line.sender.soon(0, few)
        for n in range(few):
            line.put(n)
        assert [len(batch) for batch in line.sent[0]] == sizes


@pytest.mark.parametrize("dealt", [[0, 4], [0, 5]])
def test_a_dealer_waits_until_somebody_is_free(monkeypatch, dealt):
    """Having sent all that it holds back; who has done all it got gets what comes at once."""
    line, went, asked = Line(2), [], []
    row = SimpleNamespace(done=lambda: ([0, 4], [7, 8]), expect=lambda: went.append("expects"), wait=went.append)
    sharing = Sharing(line.sender, row, lambda: went.append("flushed"))
    answers = iter([None, None, None, (1, 5), (0, 2)])

    def choose(first, dealt, done, worked, now):
        asked.append((first, dealt, done, worked))
        return next(answers)

    sharing._shares = SimpleNamespace(choose=choose)
    soon = []
    monkeypatch.setattr(line.sender, "soon", lambda lane, items: soon.append((lane, items)))
    clock = line.sender.lanes.clock
    before = clock.enter("packing")
    assert sharing.free(1, dealt) == (1, 5)
    assert clock.enter(before) == "packing"
    assert went == ["flushed", "expects", sharings._LOOK, "expects", sharings._LOOK, "expects"]
    assert asked == [(1, dealt, [0, 4], [7, 8])] * 4 and soon == ([(1, 5)] if dealt == [0, 4] else [])
    went.clear()
    assert sharing.free(0, dealt) == (0, 2) and went == [] and soon[-1] == (0, 2)


def test_whoever_looks_at_the_threads_of_a_run_sees_which_is_the_flusher():
    with Flusher(list):
        assert [thread.daemon for thread in threading.enumerate() if thread.name == "d4p flusher"] == [True]
