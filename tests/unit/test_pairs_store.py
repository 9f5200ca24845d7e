"""The memory that instances share for what is paired: what is placed there is seen wherever it lies."""

from __future__ import annotations

import multiprocessing
import os

import pytest

from d4p.engines.processes import store as module
from d4p.engines.processes.store import Store, padded


@pytest.fixture
def store(monkeypatch):
    """One that is mapped by 64 KiB at a time."""
    monkeypatch.setattr(module, "_WINDOW", 64 << 10)
    made = Store(multiprocessing.get_context("fork"))
    yield made
    made.close()


def test_parts_are_seen_in_a_window_across_two_and_beyond_one(store):
    lots = [[os.urandom(size) for size in sizes] for sizes in
            ([1, 40_000], [30_000, 0, 7], [200_000], [5], [64 << 10], [100, 64 << 10])]  # fmt: skip
    places = [store.place(parts) for parts in lots]
    assert len(set(places)) == len(lots) and all(place % 64 == 0 for place in places)
    for _ in range(2):
        for parts, place in zip(lots, places, strict=True):
            views = store.view(place, list(map(len, parts)))
            assert list(map(bytes, views)) == parts and all(view.readonly for view in views)
            assert store.head(place, len(parts[0])) == parts[0]
    assert store.view(places[0], []) == []


def test_what_comes_later_is_seen_in_a_window_that_was_mapped_before(store):
    first = store.place([b"first"])
    (view,) = store.view(first, [5])
    later = [store.place([bytes([n]) * 9_000]) for n in range(5)]
    assert bytes(view) == b"first"
    for n, place in enumerate(later):
        assert bytes(*store.view(place, [9_000])) == bytes([n]) * 9_000


def test_another_process_sees_it_and_its_own_is_seen_here(store):
    place = store.place([b"from here"])
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def work() -> None:
        theirs.send((bytes(*store.view(place, [9])), store.place([b"from there"])))

    process = context.Process(target=work)
    process.start()
    seen, answered = ours.recv()
    process.join()
    assert seen == b"from here" and bytes(*store.view(answered, [10])) == b"from there"
    assert answered == place + padded(9)
