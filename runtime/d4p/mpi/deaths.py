"""The death of a rank: who it was, said by those who are left, and the death of what started them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from d4p.errors import WorkerLost
from d4p.mpi.layout import Layout
from d4p.mpi.world import Peer, machine

#: Seconds between two looks at whether mpiexec is still there.
_LOOK = 0.5


def gone(peers: Mapping[int, Peer]) -> Peer | None:
    """A rank of this machine whose process is no more, if there is one."""
    here = machine()
    return next((peer for peer in peers.values() if peer.machine == here and not _lives(peer.process)), None)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # another user's
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.readline().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True  # no /proc here


def lost(peer: Peer, layout: Layout, reports: Iterable[dict[str, Any]]) -> WorkerLost:
    """What to say of a rank that died: the instances that it held, and how many items they had a moment before."""
    had = {(report["stage"], report["instance"]): report["received"] for report in reports}
    where = []
    for seat in layout.on(peer.rank):
        number = int(seat.stage.function.__name__.removeprefix("stage_"))
        counts = had.get((number, seat.index), {})
        seen = ", ".join(f"{name} had {count:,} items" for name, count in counts.items()) or "no item seen yet"
        where.append(f"stage {number} ({seat.stage.function.__doc__}), instance {seat.index} ({seen})")
    held = "; ".join(where) or "no instance"
    return WorkerLost(f"{peer} died, killed from outside or in native code: it held {held}")


def end_with_parent() -> None:
    """End this process when the one that started it is gone, mpiexec or its like on this machine."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="d4p-parent").start()
