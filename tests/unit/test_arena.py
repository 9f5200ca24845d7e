"""Inboxes of the processes engine: what large buffers travel in, who may keep them, and where there is no room."""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import os
import resource
import tempfile
import threading

import numpy as np
import pytest

from d4p.engines.channels.parcels import pack_parcel
from d4p.engines.processes import arena as arenas
from d4p.engines.processes.arena import GRANULE, QUOTA, SharedFile
from d4p.engines.processes.pipes import Inbox

CONTEXT = multiprocessing.get_context("fork")


@pytest.fixture
def inbox():
    shared = SharedFile(2)
    yield Inbox(CONTEXT, shared, 1)
    shared.close()


def put(inbox, *items, channel=3):
    inbox.put(channel, pack_parcel("a.x -> b.y", list(items)))


def taken(inbox):
    """How many granules are taken."""
    return inbox.arena._mapped()[1:GRANULE].count(1)


def test_arrays_arrive_in_shared_memory_writable_and_each_for_itself(inbox):
    sent = np.arange(50_000, dtype=np.float64)
    put(inbox, sent, {"data": sent, "n": 1}, sent[:3])
    channel, (first, second, third) = inbox.take()
    assert channel == 3 and taken(inbox) == 13
    first[:] = 0
    assert sent[7] == 7 and (second["data"] == sent).all() and list(third) == [0, 1, 2]
    assert first.flags.writeable and first.flags.aligned and first.ctypes.data % 64 == 0
    del first
    assert taken(inbox) == 13
    del second
    gc.collect()
    assert taken(inbox) == 0


class Twice:
    """Memory as C may write it: several bytes twice over, as memcpy does with few; between two writes something else
    happens."""

    def __init__(self, memory, between):
        self._memory, self._between = memory, between

    def __getattr__(self, name):
        return getattr(self._memory, name)

    def __getitem__(self, at):
        return self._memory[at]

    def __setitem__(self, at, value):
        self._memory[at] = value
        self._between()
        if isinstance(at, slice):
            self._memory[at] = value


@pytest.mark.parametrize("granules", [1, 2, 4, 5, 600])
def test_what_is_taken_while_a_region_is_being_freed_stays_taken(inbox, granules):
    size = granules * GRANULE
    placed = [inbox.arena.place((bytes(size),)) for _ in range(min(3, 511 // granules) or 1)]
    memory, again = inbox.arena._mapped(), []

    def producer():
        """Another process, which takes what it finds free."""
        inbox.arena._map = memory
        if not again and (at := inbox.arena.place((bytes(size),), wait=False)) is not None:
            again.append(at)
        inbox.arena._map = consumer

    consumer = inbox.arena._map = Twice(memory, producer)
    inbox.arena.free(placed[0], [size])
    inbox.arena._map = memory
    (at,) = again or [inbox.arena.place((bytes(size),), wait=False)]
    assert memory[at : at + granules] == b"\1" * granules


def test_small_things_need_no_arena(inbox):
    put(inbox, *range(100))
    put(inbox, np.ones(10))
    assert inbox.take() == (3, list(range(100)))
    (small,) = inbox.take()[1]
    assert small.sum() == 10 and inbox.arena._map is None
    inbox.put(9, None)
    assert inbox.take() == (9, None)


def test_a_consumer_that_keeps_everything_gets_copies_in_the_end(inbox):
    kept = []
    for n in range(100):
        put(inbox, np.full(1 << 17, n, dtype=np.float64))  # 1 MiB each: more than the arena holds
        kept += inbox.take()[1]
    assert [array[0] for array in kept] == list(range(100)) and all((a == a[0]).all() for a in kept)
    assert QUOTA // 2 <= taken(inbox) * GRANULE < QUOTA * 3 // 4
    kept.clear()
    assert taken(inbox) == 0


def test_where_there_is_no_room_buffers_go_through_the_pipe(inbox, monkeypatch):
    monkeypatch.setattr(arenas, "_PATIENCE", 0.01)
    large = np.arange(QUOTA // 8 - GRANULE, dtype=np.float64)  # all that an inbox usually holds but a granule
    done = threading.Thread(target=lambda: [put(inbox, large), put(inbox, large + 1), put(inbox, large + 2)])
    done.start()
    arrays = [inbox.take()[1][0] for _ in range(3)]
    done.join(timeout=10)
    for n, array in enumerate(arrays):
        assert (array == large + n).all()


def test_a_buffer_beyond_the_quota_has_a_place_of_its_own_and_gives_its_memory_back(inbox):
    huge = np.arange(QUOTA // 8 + 1, dtype=np.float64)
    for n in range(3):
        put(inbox, huge + n)
        (array,) = inbox.take()[1]
        assert (array == huge + n).all() and taken(inbox) * GRANULE > QUOTA
        del array
        assert taken(inbox) == 0
    assert os.fstat(inbox.arena.file.fd).st_blocks * 512 < QUOTA


def test_a_producer_waits_for_room_and_is_woken(inbox, monkeypatch):
    monkeypatch.setattr(arenas, "_PATIENCE", 30)
    array = np.ones(QUOTA // 16, dtype=np.float64)  # half of it: with the table, two don't fit
    put(inbox, array)
    (first,) = inbox.take()[1]
    producer = threading.Thread(target=put, args=(inbox, array))
    producer.start()
    producer.join(timeout=0.2)
    assert producer.is_alive() and inbox.arena._mapped()[0] == 1
    del first
    producer.join(timeout=10)
    assert not producer.is_alive()
    assert inbox.take()[1][0].sum() == QUOTA // 16


def test_what_a_child_of_a_pe_reads_is_not_written_over(inbox):
    put(inbox, np.full(1 << 17, 5.0))
    (array,) = inbox.take()[1]
    go, answer = CONTEXT.Event(), CONTEXT.Queue()

    def child(array):
        go.wait(30)
        answer.put(bool((array == 5).all()))

    process = CONTEXT.Process(target=child, args=(array,))
    process.start()
    del array
    gc.collect()
    for n in range(40):
        put(inbox, np.full(1 << 17, float(n)))
        inbox.take()
    go.set()
    assert answer.get(timeout=30)
    process.join()


def test_where_files_may_not_be_large_all_goes_through_the_pipe():
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        shared = SharedFile(1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    inbox = Inbox(CONTEXT, shared, 0)
    put(inbox, np.ones(10_000))
    assert not shared.usable and inbox.take()[1][0].sum() == 10_000


def test_without_memfd_the_file_is_one_whose_name_is_gone(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shared = SharedFile(1)
    inbox = Inbox(CONTEXT, shared, 0)
    put(inbox, np.ones(10_000))
    assert inbox.take()[1][0].sum() == 10_000 and list(tmp_path.iterdir()) == [] and shared.usable
    shared.close()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_many_producers_at_once(method):
    """What each sends arrives whole and in order, large and small, whatever way a process is started."""
    context = multiprocessing.get_context(method)
    shared = SharedFile(1)
    inbox = Inbox(context, shared, 0)
    producers = [context.Process(target=produce, args=(inbox, n)) for n in range(3)]
    for process in producers:
        process.start()
    seen: dict[int, int] = {}
    ends = 0
    while ends < 3:
        channel, items = inbox.take()
        if items is None:
            ends += 1
            continue
        for number, digest, array in items:
            assert number == seen.get(channel, 0) and hashlib.sha256(array.tobytes()).hexdigest() == digest
            seen[channel] = number + 1
    assert seen == {0: 60, 1: 60, 2: 60}
    for process in producers:
        process.join()
    shared.close()


def produce(inbox, channel):
    random = np.random.default_rng(channel)
    for number in range(60):
        array = random.integers(0, 255, int(10 ** random.uniform(0, 6.3)), dtype=np.uint8)
        put(inbox, (number, hashlib.sha256(array.tobytes()).hexdigest(), array), channel=channel)
    inbox.put(channel, None)
