"""Messages between ranks: whole, in order, whatever its size."""

from __future__ import annotations

import pytest

from .starting import on_ranks

#: Every rank sends to every other; each message is checked against what its number says that it is.
ALL_TO_ALL = """
import random, sys
from d4p.engines.mpi import message, transport
from d4p.engines.mpi.patience import Patience
from d4p.engines.mpi.world import start
from d4p.engines.channels.parcels import Parcel, pack_parcel, unpack_parcel
import numpy as np

piece, buffers, count = map(int, sys.argv[1:])
transport.PIECE, transport.BUFFERS, message.BUFFERS = piece, buffers, buffers
world = start()
post = transport.Transport(world)

def items(source, dest, number):
    dice = random.Random(f"{source} {dest} {number}")
    many = dice.choice([0, 1, 2, 40])
    kinds = [(dice.choice([3, 3000, 50_000]), dice.random(), dice.choice([np.float32, np.int64])) for _ in range(many)]
    arrays = [np.full(*kind) for kind in kinds]
    return [("x" * dice.choice([1, 100, 9_000]), arrays)]

got = dict.fromkeys(range(world.size), 0)

def handle(found):
    (text, arrays), = unpack_parcel(found.body, found.buffers)
    (expected, others), = items(found.rank, world.rank, found.amount)
    assert found.amount == got[found.rank], "out of order"
    assert text == expected and len(arrays) == len(others)
    for array, other in zip(arrays, others):
        assert array.dtype == other.dtype and (array == other).all()
        array[:] = 0  # its own, and writable
    got[found.rank] += 1

post.handlers[message.Kind.ITEMS] = handle
others = [rank for rank in range(world.size) if rank != world.rank]
for number in range(count):
    for rank in others:
        parcel = pack_parcel("an edge", items(world.rank, rank, number))
        post.send(rank, message.Message(message.Kind.ITEMS, amount=number, body=parcel.head, buffers=parcel.buffers))
    post.poll()
patience = Patience()
while not post.at_rest or any(got[rank] < count for rank in others):
    patience.reset() if post.poll() else patience.wait()
world.comm.Barrier()
post.close()
print("whole")
"""


@pytest.mark.parametrize(("piece", "buffers"), [(1 << 30, 128), (20_000, 3)], ids=["usual", "small pieces, joined"])
def test_all_to_all(piece, buffers):
    done = on_ranks(3, ALL_TO_ALL, str(piece), str(buffers), "15")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["whole"] * 3


def test_an_idle_rank_leaves_the_processor_to_others():
    done = on_ranks(2, """
import time
from d4p.engines.mpi.control import Control
from d4p.engines.mpi.world import start
world = start()
control = Control(world)
world.comm.Barrier()
cpu, until = time.process_time(), time.monotonic() + 2
control.wait(lambda: time.monotonic() > until)
print((time.process_time() - cpu) / 2)
world.comm.Barrier()
control.leave()
""")
    assert done.returncode == 0, done.stderr
    assert max(map(float, done.stdout.split())) < 0.15
