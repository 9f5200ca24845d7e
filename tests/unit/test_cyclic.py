"""What leads back between processes: an inbox that takes what it has room for, and what waits where it has none."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time

import numpy as np
import pytest

from d4p.engines.channels.parcels import Parcel, pack_parcel
from d4p.engines.processes.arena import QUOTA, SharedFile
from d4p.engines.processes.cyclic import COMMANDS, Back, Part, command_parcel
from d4p.engines.processes.pipes import Inbox
from d4p.engines.quiescence import ASK, END, POSTPROCESS, Command, StatusReport

CONTEXT = multiprocessing.get_context("fork")


@pytest.fixture
def inboxes():
    shared = SharedFile(2)
    yield [Inbox(CONTEXT, shared, i) for i in range(2)]
    shared.close()


def parcel(*items) -> Parcel:
    return pack_parcel("a.x -> b.y", list(items))


def in_time(call, seconds=20.0):
    """What `call` gives, in a thread: a call that waits for ever fails."""
    found = []
    thread = threading.Thread(target=lambda: found.append(call()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, "it waits"
    return found[0]


@pytest.mark.parametrize("size", [10, 3000, 4080, 5000, 20_000, 100_000, 1_500_000])
def test_an_offer_never_waits_and_what_was_taken_arrives(inboxes, size):
    inbox, taken = inboxes[0], 0
    while in_time(lambda taken=taken: inbox.offer(3, parcel(taken, "x" * size))):
        taken += 1
        assert taken < 100_000
    assert taken > 0
    for i in range(taken):
        assert inbox.take() == (3, [i, "x" * size])
    assert not inbox.ready()
    assert inbox.offer(3, parcel("and again"))


def test_offers_of_all_sizes_never_wait(inboxes):
    inbox, chance = inboxes[0], random.Random(4)
    sent, got = [], []
    for i in range(4000):
        item = (i, "x" * chance.choice([0, 100, 2040, 2060, 4040, 4080, 9000, 30_000]))
        if in_time(lambda item=item: inbox.offer(3, parcel(item))):
            sent.append(item)
        if chance.random() < 0.3:
            while inbox.ready() and chance.random() < 0.6:
                got += inbox.take()[1]
    while inbox.ready():
        got += inbox.take()[1]
    assert got == sent and 1000 < len(sent) < 4000


def test_an_offer_is_refused_while_another_producer_writes(inboxes):
    with inboxes[0].lock:
        assert not inboxes[0].offer(3, parcel(1))
    assert inboxes[0].offer(3, parcel(1))


def test_a_refused_offer_leaves_nothing_in_the_arena(inboxes):
    inbox = inboxes[0]
    while inbox.offer(3, parcel("x" * 4000)):
        pass
    before = inbox.arena._mapped()[: QUOTA >> 16].count(1)
    assert not inbox.offer(3, parcel("x" * 20_000, np.zeros(100_000)))
    assert inbox.arena._mapped()[: QUOTA >> 16].count(1) == before


def test_what_leads_back_waits_in_order_on_disk_and_goes_on_when_there_is_room(inboxes, tmp_path):
    back, failures = Back(tmp_path, lambda error: failures.append(error)), []
    array = np.arange(3000.0)
    for i in range(3000):
        array[0] = i
        in_time(lambda i=i: back.post(inboxes[i % 2], 7 + i % 2, parcel((i, "x" * 30_000, array))))
    assert back._backlog.spilled > 100 << 20, "162 MB, of which two arenas and pipes hold 66, and memory 8"
    got = [[], []]
    while sum(map(len, got)) < 3000:
        for which, inbox in enumerate(inboxes):
            if inbox.ready(0.01):
                channel, items = inbox.take()
                assert channel == 7 + which
                for number, _, found in items:
                    assert found[0] == number and found[1] == 1.0, "as it was when it was sent"
                    got[which].append(number)
    assert got == [list(range(0, 3000, 2)), list(range(1, 3000, 2))] and not failures
    in_time(lambda: back.post(inboxes[0], 7, parcel("last")))
    assert in_time(inboxes[0].take) == (7, ["last"])


def test_a_backlog_that_cannot_be_written_is_said_by_the_producer(inboxes, tmp_path):
    back = Back(tmp_path / "gone", lambda error: None)
    with pytest.raises(Exception, match="goes round a cycle waits in .*gone"):
        for _ in range(3000):
            back.post(inboxes[0], 7, parcel("x" * 60_000))


def test_an_instance_tells_when_it_is_idle_and_when_it_is_asked_and_nothing_twice(inboxes):
    reports, done, sent = [], [], [0]
    part = Part(inboxes[0], lambda: sent[0], reports.append)

    def feed(channel, items):
        done.append((channel, items))
        sent[0] += 2

    def play():
        part.play(inboxes[0].take, feed, lambda: done.append("flush"), lambda pe: done.append(pe))

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    expected = [StatusReport(0, 0, 0)]
    steps = [
        (3, parcel("a"), StatusReport(0, 2, 1)),
        (COMMANDS, command_parcel(Command(1, ASK)), StatusReport(1, 2, 1)),
        (COMMANDS, command_parcel(Command(4, POSTPROCESS, "pe")), StatusReport(4, 2, 1)),
        (4, parcel("b"), StatusReport(4, 4, 2)),
    ]
    for channel, what, answer in steps:
        wait_for(lambda: reports == expected)
        inboxes[0].put(channel, what)
        expected.append(answer)
    wait_for(lambda: reports == expected)
    inboxes[0].put(COMMANDS, command_parcel(Command(5, END)))
    thread.join(10)
    assert not thread.is_alive() and reports == expected
    assert [step for step in done if step != "flush"] == [(3, ["a"]), "pe", (4, ["b"])]


def wait_for(what, seconds=10.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.002)
