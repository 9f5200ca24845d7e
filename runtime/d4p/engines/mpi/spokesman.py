"""Which rank says what ended a run: one, however many fail at once and however long it takes any of them.

Of the ranks that see rank 0's files, the first that removes one of them has the word. Others can't ask rank 0, which
may be busy for hours with a PE: of each machine the first has it that takes a name, of a socket that nobody listens to,
and machine after machine has its time to, in which the one before has ended them all.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from d4p.engines.mpi.world import Peer

_taken: list[socket.socket] = []  # a name is free again as soon as its socket is closed


def has_the_word(shared: str) -> bool:
    """Whether it is this rank that says what ended the run; to be asked once.

    Args:
        shared: the path of a file of rank 0's, there as long as it is at work and nothing has failed.
    """
    try:
        os.unlink(shared)
    except FileNotFoundError:
        return False
    except OSError:
        pass  # better said twice than not at all
    return True


def has_the_word_apart(shared: str) -> bool:
    """The same where rank 0's files aren't seen: of the ranks of this machine."""
    mine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mine.bind(f"\0d4p-{os.path.basename(shared)}")  # one without a file, of Linux
    except FileNotFoundError:
        return True  # another system, where it would be a file's name: machines are told apart alone
    except OSError:
        return False
    _taken.append(mine)
    return True


def turn(peers: Mapping[int, Peer], here: Peer) -> int:
    """Which machine of the run this rank's is, from 0, which is rank 0's."""
    machines = list(dict.fromkeys(peers[rank].machine for rank in sorted(peers)))
    return machines.index(here.machine) if here.machine in machines else len(machines)
