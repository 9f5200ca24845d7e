"""The death of a rank: who it was, said by those who are left, and the death of what started them."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import threading
import time
from collections.abc import Mapping

from d4p.engines.declared import entries
from d4p.engines.mpi import notes
from d4p.engines.mpi.layout import Layout
from d4p.engines.mpi.world import Peer, machine
from d4p.engines.postmortem.lost import own_lines, several, where
from d4p.errors import WorkerLost
from d4p.host import keeper
from d4p.workflow.workflow import Workflow

#: What Open MPI calls the part of one rank.
_RANK = re.compile(r"\.\d+$")
_SHARED = re.compile(r" /\S+/((sm|vader)_segment\.|mpich_shar_tmp|mpich-)\S*$")
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


def lost(peer: Peer, layout: Layout, workflow: Workflow, folder: str) -> WorkerLost:
    """What to say of a rank that died: the instances that it held, what each was at, and the PE's own last lines."""
    placements = layout.on(peer.rank)
    noted, fault = notes.read(folder, peer.rank, len(placements))
    entered = entries(layout.stages, workflow)
    at = [f"{placement}, {where(note, placement.stage.function.info.pes, entered)}"
          for placement, note in zip(placements, noted)]  # noqa: B905
    held = several(at) or layout.held(peer.rank)
    message = f"{peer} died, killed from outside or in native code: it held {held}"
    return WorkerLost("\n".join(filter(None, [message, own_lines(fault) if fault else ""])))


def files() -> list[str]:
    """What the MPI library keeps in files on this machine, which an mpiexec removes that isn't killed: memory that
    ranks share, by the names that Open MPI and MPICH give it, and the folder of Open MPI's mpiexec."""
    found: set[str] = set()
    with contextlib.suppress(OSError), open("/proc/self/maps") as maps:
        for path in [line.split()[-1] for line in maps if _SHARED.search(line)]:
            found |= {path, *glob.glob(f"{glob.escape(_RANK.sub('', path))}.[0-9]*" if _RANK.search(path) else path)}
    return [*sorted(found), *filter(None, [os.environ.get("PMIX_SERVER_TMPDIR")])]


def end_with_parent() -> None:
    """End this process when the one that started it is gone, mpiexec or its like on this machine."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        keeper.end_own()
        keeper.remove(files())
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="d4p-parent").start()
