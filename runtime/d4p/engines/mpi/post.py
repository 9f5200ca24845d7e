"""What the instances of a rank send, and the credit for it: called from their own threads, or from the loop."""

from __future__ import annotations

import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from d4p.engines.channels.backlog import MEMORY, Backlog
from d4p.engines.channels.parcels import Parcel
from d4p.engines.mpi.credit import LEAST, Lane, Owed, window
from d4p.engines.mpi.layout import Layout, Placement
from d4p.engines.mpi.message import Kind, Message
from d4p.stage.channel import Channel


class Instance(Protocol):
    """What is asked of an instance of this rank: what came for it, and how many ends it will see."""

    number: int
    placement: Placement
    inbox: deque[tuple[int, int, Any, Iterable[Any], int, int]]
    ends: int


_WORKED = struct.Struct("<Q")

Key = tuple[int, int, int]  # a channel, and the instances that send and take


class Told:
    """What a dealer is told: how many items each instance that it deals to has done, and how long that took.

    Args:
        consumers: how many there are.
        wait: called with a function; waits until that says so, or less.
    """

    def __init__(self, consumers: int, wait: Callable[[Callable[[], bool]], None]) -> None:
        self._wait, self._before = wait, [(0, 0)] * consumers
        self._counts = list(self._before)

    def note(self, consumer: int, done: int, nanoseconds: int) -> None:
        """So many items a consumer has done in all."""
        self._counts[consumer] = done, nanoseconds

    def done(self) -> tuple[list[int], list[int]]:
        """The items that each has done, and the nanoseconds that took it."""
        counts = list(self._counts)
        return [done for done, _ in counts], [worked for _, worked in counts]

    def expect(self) -> None:
        """From now on whoever does something ends a `wait`."""
        self._before = list(self._counts)

    def wait(self, seconds: float) -> None:
        """Wait until somebody has done something since `expect`, or for some seconds, or less."""
        until = time.perf_counter() + seconds
        self._wait(lambda: self._counts != self._before or time.perf_counter() > until)


class Post:
    """Lanes between the instances of a rank and all others.

    Args:
        layout: which rank holds which.
        folder: where what leads back waits on disk where it is much.
        wait: called with (instance, function) by an instance that waits until the function says so; may return before.
        posted: called when a parcel for another rank is about to leave.
    """

    def __init__(self, layout: Layout, folder: Any, wait: Callable[[Any, Callable[[], bool]], None],
                 posted: Callable[[], object]) -> None:
        self._layout, self._folder, self._wait, self._posted = layout, folder, wait, posted
        self._instances: Mapping[int, Instance] = {}  # those of this rank
        self._lanes: dict[Key, Lane] = {}
        self._owed: dict[Key, Owed] = {}
        self._took: deque[tuple[Instance, int, int, int, int]] = deque()
        self._leaving: deque[tuple[int, Message]] = deque()
        self._behind = threading.Lock()  # what waits behind lanes
        self._done: dict[tuple[int, int], tuple[int, int]] = {}  # by channel and instance, items and nanoseconds
        self._news: deque[tuple[int, int]] = deque()  # of which of them more are done
        self._told: dict[int, Told] = {}  # by channel, of dealers of this rank

    def holds(self, instances: Mapping[int, Instance]) -> None:
        """Say which instances, by number, are this rank's."""
        self._instances = instances

    # For instances

    def consumers(self, channel: Channel) -> int:
        """How many instances take the items of a channel."""
        return self._layout.consumer[channel.number].instances

    def producers(self, channel: Channel) -> int:
        """How many instances send on a channel."""
        return self._layout.producer[channel.number].instances

    def has_room(self, instance: Instance, channel: Channel, dest: int) -> bool:
        """Whether `put` wouldn't wait."""
        return channel.back or self._lane(instance, channel, dest)[1].room

    def put(self, instance: Instance, channel: Channel, dest: int, parcel: Parcel) -> None:
        """Send a parcel to an instance of the consumer, as soon as there is credit for it. What leads back waits
        elsewhere, not here."""
        key, lane = self._lane(instance, channel, dest)
        if lane.behind is not None:
            with self._behind:
                if lane.behind or not lane.room:
                    lane.behind.put(parcel.head, *parcel.buffers)
                else:
                    self._dispatch(key, lane, parcel)
        else:
            while not lane.room:
                self._wait(instance, lambda: lane.room)
            self._dispatch(key, lane, parcel)
        if key[2] not in self._instances:
            self._posted()

    def took(self, instance: Instance, channel: int, source: int, nbytes: int, wanted: int) -> None:
        """Note that an instance has taken a parcel, and whether its bytes are wanted back at once."""
        self._took.append((instance, channel, source, nbytes, wanted))

    def deals(self, instance: Instance, channel: Channel) -> Told:
        """Say that an instance deals runs on a channel; gives what it is told by those who take them."""
        told = self._told[channel.number] = Told(self.consumers(channel), lambda until: self._wait(instance, until))
        return told

    def did(self, instance: Instance, channel: int, items: int, nanoseconds: int) -> None:
        """Tell whoever deals on a channel that an instance has done so many items more, which took so long."""
        key = (channel, instance.number)
        done, worked = self._done.get(key, (0, 0))
        self._done[key] = done + items, worked + nanoseconds
        self._news.append(key)

    # For the loop

    def leaving(self) -> Iterator[tuple[int, Message]]:
        """What is to be sent now, as (rank, message)."""
        self._give_credit()
        if self._news:
            self._tell()
        while self._leaving:
            yield self._leaving.popleft()

    def ended(self, instance: Instance) -> None:
        """Tell all consumers of an instance that nothing more is to come from it."""
        for channel in instance.placement.stage.sends:
            for number in self._layout.consumer[channel.number].all:
                if number in self._instances:
                    self._instances[number].ends -= 1
                else:
                    self._send(Message(Kind.END, channel.number, instance.number, number), number)

    def got_credit(self, key: Key, nbytes: int) -> None:
        """A consumer has taken so many bytes: what waits behind them may go."""
        lane = self._lanes[key]
        lane.taken(nbytes)
        if lane.behind is None:
            return
        with self._behind:
            while lane.behind and lane.room:
                head, *buffers = lane.behind.get()
                self._dispatch(key, lane, Parcel(head, tuple(map(memoryview, buffers))))

    def told(self, channel: int, instance: int, done: int, worked: bytes) -> None:
        """So many items an instance has done in all of those that were dealt here, in as many nanoseconds."""
        consumer = instance - self._layout.consumer[channel].first
        self._told[channel].note(consumer, done, *_WORKED.unpack(worked))

    def _tell(self) -> None:
        news = set()
        while self._news:
            news.add(self._news.popleft())
        for channel, number in sorted(news):
            dealer, (done, nanoseconds) = self._layout.producer[channel].first, self._done[channel, number]
            worked = _WORKED.pack(nanoseconds)
            if channel in self._told:
                self.told(channel, number, done, worked)
            else:
                self._send(Message(Kind.TOLD, channel, number, dealer, done, body=worked), dealer)

    def _lane(self, instance: Instance, channel: Channel, dest: int) -> tuple[Key, Lane]:
        key = (channel.number, instance.number, self._layout.consumer[channel.number].first + dest)
        return key, self._lanes.get(key) or self._open(key, channel)

    def _open(self, key: Key, channel: Channel) -> Lane:
        producers, consumers = self._layout.producer[channel.number].instances, self.consumers(channel)
        behind = Backlog(self._folder, max(LEAST, MEMORY // consumers)) if channel.back else None
        return self._lanes.setdefault(key, Lane(window(producers, consumers), behind))

    def _dispatch(self, key: Key, lane: Lane, parcel: Parcel) -> None:
        channel, source, number = key
        nbytes = parcel.nbytes
        wanted = lane.leaves(nbytes)
        mine = self._instances.get(number)
        if mine is None:
            body, buffers = parcel.head, parcel.buffers
            self._send(Message(Kind.ITEMS, channel, source, number, nbytes, wanted, body, buffers), number)
        else:  # a consumer may change what it gets
            own = parcel.buffers if parcel.shared else tuple(bytearray(buffer) for buffer in parcel.buffers)
            mine.inbox.append((channel, source, parcel.head, own, nbytes, wanted))

    def _send(self, message: Message, instance: int) -> None:
        self._leaving.append((self._layout.rank(instance), message))

    def _give_credit(self) -> None:
        """Tell the producers of what was taken that they may send more."""
        while self._took:
            instance, channel, source, nbytes, wanted = self._took.popleft()
            key = (channel, source, instance.number)
            if source in self._instances:
                self.got_credit(key, nbytes)
                continue
            owed = self._owed.get(key)
            if owed is None:
                owed = self._owed[key] = Owed(window(self._layout.producer[channel].instances,
                                                     instance.placement.stage.instances))
            if credit := owed.took(nbytes, wanted):
                self._send(Message(Kind.CREDIT, channel, source, instance.number, credit), source)
