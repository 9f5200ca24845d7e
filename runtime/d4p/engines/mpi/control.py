"""What ranks say to each other beside items: what is to be run, who is ready, how far they are, how it ended."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from typing import Any

from d4p.engines.mpi.message import Kind, Message
from d4p.engines.mpi.patience import Patience
from d4p.engines.mpi.transport import Transport
from d4p.engines.mpi.world import Peer, World, leave
from d4p.errors import D4pError, Refused, RunFailed


class Control:
    """What one rank says and hears; rank 0 decides.

    Attributes:
        failure: what ended the run, as soon as it is known here.
        running: whether instances are at work on other ranks.
        ending: whether a signal came, as mpiexec sends one when it was interrupted or has lost a rank.
        peers: where each rank runs; known on rank 0, and on all once they run.
        reports: of rank 0, the last reports of each other rank.
    """

    def __init__(self, world: World) -> None:
        self.world, self.transport = world, Transport(world)
        self.failure: BaseException | None = None
        self.running = self.ending = False
        self.peers: dict[int, Peer] = {0: world.here}
        self.reports: dict[int, list[dict[str, Any]]] = {}
        self.apart: set[int] = set()  # ranks that can't reach rank 0's files
        self._done: set[int] = set()
        self._refused: dict[int, D4pError] = {}
        self._said: dict[int, Any] = {}  # by kind, what was said last
        self.transport.handlers |= {
            Kind.RUN: self._note, Kind.GO: self._note, Kind.EXIT: self._note, Kind.SPOOL: self._note,
            Kind.HEARD: self._note,
            Kind.READY: self._is_ready, Kind.PROGRESS: self._progressed, Kind.DONE: self._is_done,
            Kind.FAILED: self._failed,
        }

    # For all

    def say(self, rank: int, kind: Kind, what: Any = None) -> None:
        """Send a value to a rank."""
        self.transport.send(rank, Message(kind, body=pickle.dumps(what, 5)))

    def say_all(self, kind: Kind, what: Any = None) -> None:
        """Send a value to all other ranks."""
        for rank in range(1, self.world.size):
            self.say(rank, kind, what)

    def wait(self, until: Callable[[], bool]) -> None:
        """Take what arrives until something is so, or the run has failed, which is raised."""
        patience = Patience()
        while not until():
            if self.transport.poll():
                patience.reset()
            else:
                patience.wait()
            if self.failure is not None:
                raise self.failure

    def hear(self, *kinds: Kind) -> tuple[Kind, Any]:
        """Wait for one of some kinds of messages."""
        self.wait(lambda: any(kind in self._said for kind in kinds))
        kind = next(kind for kind in kinds if kind in self._said)
        return kind, self._said.pop(kind)

    @property
    def dismissed(self) -> bool:
        """Whether rank 0 has said that all is over."""
        return Kind.EXIT in self._said

    @property
    def heard(self) -> bool:
        """Whether another rank says what failed: rank 0, or of rank 0 one that couldn't wait for it."""
        return Kind.HEARD in self._said

    def _note(self, message: Message) -> None:
        self._said[Kind(message.kind)] = pickle.loads(message.body)

    def _failed(self, message: Message) -> None:
        if self.failure is None:
            self.failure = pickle.loads(message.body)

    # For rank 0

    def all_ready(self) -> None:
        """Wait until all ranks have made their instances, then let them begin. Raises what a rank couldn't do."""
        self.wait(lambda: len(self.peers) == self.world.size)
        if self._refused:
            raise self._refused[min(self._refused)]
        self.say_all(Kind.GO, self.peers)
        self.running = self.world.size > 1

    def all_done(self) -> None:
        """Wait until all instances of all ranks are done."""
        self.wait(lambda: len(self._done) == self.world.size - 1)
        self.running = False

    def _is_ready(self, message: Message) -> None:
        peer, error, shares = pickle.loads(message.body)
        self.peers[message.rank] = peer
        if not shares:
            self.apart.add(message.rank)
        if error is not None:
            self._refused[message.rank] = error

    def _progressed(self, message: Message) -> None:
        self.reports[message.rank] = pickle.loads(message.body)

    def _is_done(self, message: Message) -> None:
        self._progressed(message)
        self._done.add(message.rank)

    def dismiss(self, status: int) -> None:
        """The end of rank 0: the others exit with its status, at once where they are still at work."""
        if self.running and self.ending:
            sys.stdout.flush()
            leave(status)  # to ask mpiexec for what it does anyhow would only be noise
        if self.running:
            self.world.abort(status)
        self.say_all(Kind.EXIT, status)
        self.leave()

    def leave(self) -> None:
        """Wait until all that was said has arrived, and hear no more."""
        self.failure = None
        self.wait(lambda: self.transport.at_rest)
        self.transport.close()


def carried(error: BaseException) -> D4pError:
    """An error that can be sent to another rank."""
    if isinstance(error, D4pError):
        try:
            pickle.loads(pickle.dumps(error))
            return error
        except Exception:
            return (Refused if isinstance(error, Refused) else RunFailed)(str(error))
    return RunFailed(f"{type(error).__name__}: {error}")
