"""Messages between ranks: a head of fixed form, a body, and large buffers that travel as they lie in memory."""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from typing import Any

#: The bytes that a head's message has at most: so few that MPI sends them without asking, and never waits.
MOST = 4000
#: A parcel of more buffers than this travels as one.
BUFFERS = 128
_HEAD = struct.Struct("<BBHIIIQQ")
_SIZE = struct.Struct("<Q")


class Kind(enum.IntEnum):
    """What a message is for."""

    ITEMS = 1  # a parcel of items, from one instance to another
    END = 2  # an instance has no more items for another on a channel
    CREDIT = 3  # an instance has taken items: as many bytes may follow
    RUN = 4  # rank 0 says what is to be run
    READY = 5  # a rank has made its instances, or says why it can't
    GO = 6  # all ranks are ready
    PROGRESS = 7  # reports of a rank's instances
    DONE = 8  # the last reports of a rank's instances
    FAILED = 9  # an instance failed
    SPOOL = 10  # rank 0 asks for results that it can't read; a piece of them
    EXIT = 11  # all is done: the exit status
    STATUS = 12  # of a run with cycles: an instance has nothing to do, and what it has counted
    COMMAND = 13  # of a run with cycles: what an instance is to do next
    HEARD = 14  # the rank that sends this knows what failed: it says so and ends all
    TOLD = 15  # how many items an instance has done of those that were dealt to it


@dataclass(slots=True)
class Message:
    """What came from a rank.

    `channel`, `source` and `dest` are numbers, of a channel and of two instances, where they mean something; `amount`
    is a number of bytes, or of items; `flag` asks that credit be given back at once.
    """

    kind: int
    channel: int = 0
    source: int = 0
    dest: int = 0
    amount: int = 0
    flag: int = 0
    body: Any = b""
    buffers: tuple = ()
    rank: int = 0


def pack_head(message: Message, joined: bool) -> bytes:
    """The head, with the body behind it where that fits. `joined` says that the buffers travel as one."""
    count = 1 if joined else len(message.buffers)
    body = len(message.body)
    sizes = [sum(b.nbytes for b in message.buffers)] if joined else [b.nbytes for b in message.buffers]
    flags = message.flag | joined << 1
    head = _HEAD.pack(message.kind, flags, count, message.channel, message.source, message.dest, message.amount, body)
    if sizes:
        head += struct.pack(f"<{count}Q", *sizes)
    return head + message.body if body and fits(count, body) else head


def unpack_head(view: memoryview, rank: int) -> tuple[Message, int, list[int], bool]:
    """The message as far as it has come; the bytes of its body that are still to come; the sizes of its buffers, and
    whether they are joined."""
    kind, flags, count, channel, source, dest, amount, body = _HEAD.unpack_from(view)
    message = Message(kind, channel, source, dest, amount, flags & 1, rank=rank)
    at = _HEAD.size + 8 * count
    sizes = list(struct.unpack_from(f"<{count}Q", view, _HEAD.size)) if count else []
    if body and fits(count, body):
        message.body, body = bytes(view[at : at + body]), 0
    return message, body, sizes, bool(flags & 2)


def fits(buffers: int, body: int) -> bool:
    """Whether a body goes along with the head of a message."""
    return _HEAD.size + 8 * buffers + body <= MOST
