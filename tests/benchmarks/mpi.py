"""One channel of `mpi` between two ranks beside mpi4py's own ping-pong of the same arrays, as buffers.

The ping-pong sends one buffer to and fro, always into the same memory: half of its round is what an array costs at
least that isn't made, packed, announced or kept. Ours writes arrays into a channel, one after the other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import d4p_compile
from d4p_compile.targets import mpi_here

from .compiled import WORKFLOWS
from .measure import Row, alternating, at_most
from .workflows.channel import BYTES

MANY = {"arrays": 80_000, "large arrays": 10_000, "integers": 3_000_000, "pairs": 2_000_000}
NAMES = {"arrays": "arrays of 64 KiB", "large arrays": "arrays of 1 MiB"}
#: Ours may take so many times as long as a buffer of the ping-pong.
MOST = 1.3
_PING_PONG = """
import sys, time
import numpy as np
from mpi4py import MPI
size, count = map(int, sys.argv[1:])
comm, mine, other = MPI.COMM_WORLD, np.ones(size // 4, np.float32), np.empty(size // 4, np.float32)
for rounds in (count // 10 + 1, count):
    comm.Barrier()
    start = time.perf_counter()
    for _ in range(rounds):
        if comm.rank:
            comm.Recv(other, 0)
            comm.Send(mine, 0)
        else:
            comm.Send(mine, 1)
            comm.Recv(other, 1)
if not comm.rank:
    print((time.perf_counter() - start) / rounds / 2)
"""


def rows(quick: bool) -> Iterator[Row]:
    for kind, most in MANY.items():
        count = most // (10 if quick else 1)
        if kind in BYTES:
            ours, other = alternating(5, partial(compiled, kind, count), partial(ping_pong, BYTES[kind], count // 4))
            yield Row(f"mpi, {NAMES[kind]}", f"{BYTES[kind] / ours / 1e6:,.0f} MB/s ({ours * 1e6:.1f} us)",
                      f"ping-pong {BYTES[kind] / other / 1e6:,.0f} MB/s ({other * 1e6:.1f} us)",
                      **at_most(ours / other, MOST))  # fmt: skip
        else:
            (ours,) = alternating(3, partial(compiled, kind, count))
            yield Row(f"mpi, {kind}", f"{1 / ours:,.0f} items/s")


def compiled(kind: str, count: int) -> float:
    """Seconds an item, as the consumer saw it from the first to the last."""
    results = d4p_compile.run(str(WORKFLOWS / "channel.py:pair"), "mpi", 2, parameters={"kind": kind, "count": count})
    (((arrived, seconds),),) = results.values()
    assert arrived == count
    return seconds / count


def ping_pong(size: int, count: int) -> float:
    """Seconds a buffer, one way."""
    launcher = mpi_here.mpiexec(mpi_here.library())
    environment = {**os.environ, **(mpi_here.as_root() if os.geteuid() == 0 else {})}
    done = subprocess.run([launcher, "-n", "2", sys.executable, "-c", _PING_PONG, str(size), str(count)],
                          capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)
