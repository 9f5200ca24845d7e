"""The backlog of what leads back: first in, first out, in memory and on disk."""

from __future__ import annotations

import os
from collections import deque
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from d4p.engines.channels import backlog
from d4p.engines.channels.backlog import Backlog
from d4p.errors import RunFailed


def test_first_in_first_out_through_memory_and_files(tmp_path):
    waiting = Backlog(tmp_path, memory=10_000)
    for i in range(1000):
        waiting.put(b"%d" % i, b"x" * (i % 300), memoryview(bytearray(3)))
    assert len(waiting) == 1000 and waiting.spilled > 100_000
    for i in range(1000):
        assert [bytes(part) for part in waiting.get()] == [b"%d" % i, b"x" * (i % 300), bytes(3)]
    assert not waiting
    with pytest.raises(IndexError):
        waiting.get()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 400)), max_size=200))
def test_it_is_a_queue_whatever_happens(tmp_path_factory, steps):
    """None takes, a number puts so many bytes."""
    with mock.patch.object(backlog, "FILE", 2000):
        waiting, expected = Backlog(tmp_path_factory.mktemp("b"), memory=1500), deque()
        for number, step in enumerate(steps):
            if step is not None:
                waiting.put(b"%d" % number, bytes(step))
                expected.append((b"%d" % number, bytes(step)))
            elif expected:
                assert tuple(map(bytes, waiting.get())) == expected.popleft()
            assert len(waiting) == len(expected)
        while expected:
            assert tuple(map(bytes, waiting.get())) == expected.popleft()


def test_what_is_put_may_change_afterwards(tmp_path):
    waiting, buffer = Backlog(tmp_path, memory=1000), bytearray(b"as it was")
    waiting.put(buffer)
    buffer[:] = b"otherwise"
    assert bytes(waiting.get()[0]) == b"as it was"


def test_memory_is_bounded_and_files_have_no_names_and_go_when_they_are_read(tmp_path):
    with mock.patch.object(backlog, "FILE", 100_000):
        waiting = Backlog(tmp_path, memory=50_000)
        for _ in range(1000):
            waiting.put(bytes(1000))
        assert waiting._held <= 50_000 and len(waiting._files) > 5
        assert not list(tmp_path.iterdir()), "a file without a name needs no cleaning"
        before = len(open_files())
        for _ in range(900):
            waiting.get()
            assert waiting._held <= 50_000
        assert len(open_files()) <= before - 5
        for _ in range(100):
            waiting.get()
        assert not waiting._files
        waiting.put(bytes(1000))
        assert not waiting._files, "what fits into memory again stays there"


def test_half_of_what_memory_holds_is_read_at_once_also_from_several_files(tmp_path):
    with mock.patch.object(backlog, "FILE", 2_000):
        waiting = Backlog(tmp_path, memory=20_000)
        for number in range(100):
            waiting.put(b"%3d" % number + bytes(997))
        held = len(waiting._first)
        assert 16_000 < waiting._held <= 20_000 and waiting._behind == 100 - held and len(waiting._files) > 20
        for _ in range(held):
            waiting.get()
        assert waiting._held == 0
        assert waiting.get()[0][:3] == b"%3d" % held
        assert 10_000 - 1_200 < waiting._held <= 10_000
        assert waiting.spilled == sum(len(b"%3d" % n) + 997 + 200 for n in range(held, 100))


def test_a_file_is_written_at_its_end_after_it_was_read_from(tmp_path):
    waiting = Backlog(tmp_path, memory=3_000)
    for number in range(10):
        waiting.put(b"%d" % number, bytes(500))
    for number in range(10, 30):
        assert waiting.get()[0] == b"%d" % (number - 10)
        waiting.put(b"%d" % number, bytes(500))
    assert [waiting.get()[0] for _ in range(10)] == [b"%d" % number for number in range(20, 30)]


def test_memory_unless_it_is_told_otherwise(tmp_path):
    waiting = Backlog(tmp_path)
    waiting.put(bytes((8 << 20) - 200))
    assert not waiting.spilled
    waiting.put(b"")
    assert waiting.spilled and len(waiting._files) == 1
    with mock.patch.object(backlog._File, "put"):
        waiting._files[-1].size = (64 << 20) - 1
        waiting.put(b"")
        assert len(waiting._files) == 1
        waiting._files[-1].size += 1
        waiting.put(b"")
    assert len(waiting._files) == 2


def test_closed_it_has_forgotten_everything(tmp_path):
    waiting = Backlog(tmp_path, memory=1_000)
    for _ in range(10):
        waiting.put(bytes(400))
    (file,) = waiting._files
    waiting.close()
    assert len(waiting) == 0 and file._file.closed and waiting._held == 0 and not waiting._files
    with pytest.raises(IndexError):
        waiting.get()
    waiting.put(b"again")
    assert waiting.get() == (b"again",)


def test_one_entry_larger_than_all_memory(tmp_path):
    waiting = Backlog(tmp_path, memory=100)
    waiting.put(bytes(5000))
    waiting.put(b"next")
    assert [len(waiting.get()[0]) for _ in range(2)] == [5000, 4]


def test_no_room_on_disk_is_said_in_a_sentence(tmp_path):
    waiting = Backlog(tmp_path / "not there", memory=10)
    with pytest.raises(RunFailed, match="goes round a cycle waits in .*not there"):
        waiting.put(bytes(100))


def open_files() -> list[str]:
    return os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else os.listdir("/dev/fd")
