"""What carries messages between ranks without blocking: they leave at once and come whole, in order from each rank."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any

from d4p.engines.channels.parcels import sizes as parcel_sizes
from d4p.engines.mpi.message import BUFFERS, MOST, Message, fits, pack_head, unpack_head

_HEADS, _DATA = 1, 2  # tags
#: MPI counts what it sends with an int in many libraries: more travels in pieces.
PIECE = 1 << 30
#: Bytes that are taken in before others get their turn.
_AT_ONCE = 512 << 10
#: Heads that may arrive before anybody looks without MPI keeping them in memory of its own.
_AHEAD = 8


class Transport:
    """One rank's end of it. One thread calls it.

    A head of some thousand bytes at most goes first, and tells the receiver for what to make room; the body, where it
    isn't small, and each large buffer follow as messages of their own, from the memory of the items and into memory
    that the items keep. Messages between two ranks with one tag arrive in the order that they were sent in, so the
    receiver needs no more than their sizes.

    Args:
        world: of d4p.engines.mpi.world.
    """

    def __init__(self, world: Any) -> None:
        self._mpi, self._comm = world.mpi, world.comm
        self.handlers: dict[int, Callable[[Message], None]] = {}
        self._sending: dict[int, deque[list[Any]]] = {}  # by rank: the requests of each message
        self._arriving: dict[int, deque[tuple[Message, list[Any], bool]]] = {}
        self._status = self._mpi.Status()
        self._heads = deque(self._listen(bytearray(MOST)) for _ in range(_AHEAD))
        self._allocate = (getattr(self._mpi, "buffer", None) or self._mpi.memory).allocate

    def _listen(self, room: bytearray) -> tuple[Any, bytearray]:
        return self._comm.Irecv([room, self._mpi.BYTE], self._mpi.ANY_SOURCE, _HEADS), room

    def send(self, rank: int, message: Message) -> None:
        """Put a message on its way. Its buffers must stay as they are until it has arrived."""
        joined = len(message.buffers) > BUFFERS
        head = pack_head(message, joined)
        requests = [self._comm.Isend([head, self._mpi.BYTE], rank, _HEADS)]
        count = 1 if joined else len(message.buffers)
        if message.body and not fits(count, len(message.body)):
            self._send_pieces(message.body, rank, requests)
        for buffer in [b"".join(message.buffers)] if joined else message.buffers:
            self._send_pieces(buffer, rank, requests)
        self._sending.setdefault(rank, deque()).append(requests)

    def _send_pieces(self, data: Any, rank: int, requests: list[Any]) -> None:
        isend, byte = self._comm.Isend, self._mpi.BYTE
        if len(data) <= PIECE:
            requests.append(isend([data, byte], rank, _DATA))
            return
        view = memoryview(data)
        requests += [isend([view[at : at + PIECE], byte], rank, _DATA) for at in range(0, len(view), PIECE)]

    def poll(self) -> bool:
        """Take what has arrived and hand it to `handlers`, by kind; says whether anything came.

        Large bodies and buffers are taken a few at a time: what waits to be looked at would leave the processor's cache
        meanwhile, and lies as well with its sender."""
        came, taken = False, 0
        while taken < _AT_ONCE and self._heads[0][0].Test(self._status):
            _, room = self._heads.popleft()
            message, body, sizes, joined = unpack_head(memoryview(room), self._status.Get_source())
            self._heads.append(self._listen(room))
            came = True
            waiting = self._arriving.get(message.rank)
            if not body and not sizes and not waiting:
                self.handlers[message.kind](message)
                continue
            requests: list[Any] = []
            taken += body + sum(sizes)
            if body:
                message.body = self._receive(body, message.rank, requests)
            message.buffers = tuple(self._receive(size, message.rank, requests) for size in sizes)
            self._arriving.setdefault(message.rank, deque()).append((message, requests, joined))
        for arriving in list(self._arriving.values()) if self._arriving else ():
            came |= self._complete(arriving)
        for rank, sending in list(self._sending.items()):
            while sending and self._mpi.Request.Testall(sending[0]):
                sending.popleft()
            if not sending:
                del self._sending[rank]
        return came

    def _receive(self, size: int, rank: int, requests: list[Any]) -> Any:
        room, byte = self._allocate(size), self._mpi.BYTE
        if size <= PIECE:
            requests.append(self._comm.Irecv([room, byte], rank, _DATA))
            return room
        view = memoryview(room)
        requests += [self._comm.Irecv([view[at : at + PIECE], byte], rank, _DATA) for at in range(0, size, PIECE)]
        return room

    def _complete(self, arriving: deque[tuple[Message, list[Any], bool]]) -> bool:
        """Hand on what is whole, up to the first message that isn't."""
        came = False
        while arriving and self._mpi.Request.Testall(arriving[0][1]):
            message, _, joined = arriving.popleft()
            if joined:
                message.buffers = _split(memoryview(message.buffers[0]), parcel_sizes(message.body))
            if not arriving:
                self._arriving.pop(message.rank, None)
            self.handlers[message.kind](message)
            came = True
        return came

    @property
    def at_rest(self) -> bool:
        """Whether all that was sent has arrived."""
        return not self._sending

    def close(self) -> None:
        """Stop listening, before MPI ends."""
        for request, _ in self._heads:
            with contextlib.suppress(self._mpi.Exception):
                request.Cancel()
                request.Wait()
        self._heads.clear()


def _split(joined: memoryview, sizes: list[int]) -> tuple[memoryview, ...]:
    found, at = [], 0
    for size in sizes:
        found.append(joined[at : at + size])
        at += size
    return tuple(found)

