"""Parcels: what lies apart, how many bytes there are, and what isn't one."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from d4p.describe.failure import PeFailed
from d4p.engines.channels.parcels import LEAST, Parcel, pack_parcel, sizes, unpack_parcel
from d4p.errors import RunFailed


def array(nbytes):
    return np.arange(nbytes, dtype=np.uint8)


def test_large_buffers_lie_apart():
    assert LEAST == 8192
    parcel = pack_parcel("a.x -> b.y", [array(LEAST - 1), array(LEAST), {"a": array(LEAST + 1)}])
    assert [buffer.nbytes for buffer in parcel.buffers] == [LEAST, LEAST + 1] == sizes(parcel.head)
    assert parcel.nbytes == len(parcel.head) + 2 * LEAST + 1 and not parcel.shared
    small, exact, more = unpack_parcel(parcel.head, map(bytearray, parcel.buffers))
    assert (small == array(LEAST - 1)).all() and (exact == array(LEAST)).all() and (more["a"] == array(LEAST + 1)).all()
    assert [buffer.nbytes for buffer in pack_parcel("e", [array(10), array(9)], 10).buffers] == [10]
    assert sizes(pack_parcel("e", ["a", 1]).head) == []


def test_buffers_are_the_items_own_until_they_are_shared():
    item = array(LEAST)
    parcel = pack_parcel("e", [item])
    shared = parcel.to_share()
    item[:] = 7
    assert bytes(parcel.buffers[0]) == b"\7" * LEAST and bytes(shared.buffers[0]) == array(LEAST).tobytes()
    assert shared.shared and shared.head == parcel.head and shared.nbytes == parcel.nbytes
    assert shared.buffers[0].readonly and not Parcel(b"").shared and Parcel(b"abc").nbytes == 3


def test_what_can_not_be_pickled_is_named_with_its_edge():
    with pytest.raises(PeFailed, match=r"^a.x -> b.y: items that go to another process must be picklable") as error:
        pack_parcel("a.x -> b.y", [1, {"lock": threading.Lock()}])
    assert "lock" in str(error.value) and error.value.__suppress_context__


def test_what_is_no_parcel():
    with pytest.raises(RunFailed, match="^what came over a channel is no batch of items: ") as error:
        sizes(pack_parcel("e", [1, array(LEAST)]).head[:5])
    assert error.value.__cause__ is not None
