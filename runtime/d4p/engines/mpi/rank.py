"""The event loop of a rank: it carries what its instances send and get, and gives them what to do."""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from d4p.engines.channels.backlog import MEMORY, Backlog
from d4p.engines.channels.parcels import Parcel
from d4p.engines.channels.sender import LATE
from d4p.engines.declared import entries
from d4p.engines.mpi.control import Control
from d4p.engines.mpi.credit import LEAST, Lane, Owed, window
from d4p.engines.mpi.crew import PATIENT, Crew
from d4p.engines.mpi.cyclic import Round
from d4p.engines.mpi.instance import Instance, Taken
from d4p.engines.mpi.layout import Layout, Placement
from d4p.engines.mpi.message import Kind, Message
from d4p.engines.mpi.notes import RankNotes
from d4p.engines.mpi.patience import Patience
from d4p.engines.postmortem.notes import Note
from d4p.errors import ControlFlow
from d4p.host.threads import use_threads
from d4p.program.job import Job
from d4p.stage.channel import Channel

#: Of so many turns of instances whose items wait one looks for more.
_POLLED = 8
#: Seconds between two reports to rank 0.
_EVERY = 0.3


class Ended(ControlFlow):
    """The run has failed, here or elsewhere."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class Rank:
    """The instances of one rank.

    A rank's only instance works in the loop itself; several have a thread each (`Crew`), and the loop goes on while one
    of them is long at work. An instance that is out of credit waits within its own `write`, and keeps nobody: if it is
    alone the loop carries messages meanwhile, else it waits in its own thread. So of all that wait, on whatever rank,
    the last one in topological order waits for a consumer that waits for nobody: that takes what has come (a merge
    holds what isn't its turn) and gives the credit back, and the run goes on. What leads back in a cycle waits for no
    credit, but behind its lane.
    """

    def __init__(self, control: Control, layout: Layout, job: Job) -> None:
        self.layout, self._control, self._transport = layout, control, control.transport
        self._lanes: dict[tuple[int, int, int], Lane] = {}
        self._owed: dict[tuple[int, int, int], Owed] = {}
        self.took: deque[Taken] = deque()
        self._leaving: deque[tuple[int, Message]] = deque()
        self._behind = threading.Lock()  # what waits behind lanes
        self._patience, self._turns = Patience(), 0
        self._reported, self._flushed = time.monotonic(), 0.0
        placements = layout.on(control.world.rank)
        self._entered = entries(layout.stages, job.workflow)
        self.notes = RankNotes(str(job.spool.folder), control.world.rank, len(placements))
        self.instances = [self._make(each, job, self.notes.of(index)) for index, each in enumerate(placements)]
        self._by_number = {instance.number: instance for instance in self.instances}
        self._crew: Crew | None = None
        if len(placements) > 1:
            self._crew = Crew({each.number: str(each) for each in placements})
        self._order = self.instances[::-1]  # the last first: what is on its way goes before what is new
        self._left = set(self._by_number)  # those that aren't done
        self._round = Round(control, layout, job, self._by_number) if layout.cyclic else None
        self._folder = job.spool.folder
        self._transport.handlers |= {Kind.ITEMS: self._items, Kind.END: self._end, Kind.CREDIT: self._credit}

    def _make(self, placement: Placement, job: Job, note: Note) -> Instance:
        ends = sum(self.layout.producer[channel.number].instances for channel in placement.stage.takes)
        producers = {channel.number: self.layout.producer[channel.number].instances
                     for channel in placement.stage.takes if channel.places}
        return Instance(placement, job, note, self._entered, None if self.layout.cyclic else ends, producers, self)

    def may_end(self, instance: Instance) -> bool:
        """Whether an instance may run `postprocess`. Of those that have much work to do there, one does at a time."""
        if not instance.in_turns:
            return True
        if self._crew is None:  # nothing is carried meanwhile, so all that it has sent must have come
            return self._transport.at_rest
        return not any(each.in_turns and each.ending and not each.done for each in self.instances)

    # What an instance sends: called from its own thread, or from the loop

    def consumers(self, channel: Channel) -> int:
        """How many instances take the items of a channel."""
        return self.layout.consumer[channel.number].instances

    def has_room(self, instance: Instance, channel: Channel, dest: int) -> bool:
        """Whether `post` wouldn't wait."""
        return channel.back or self._lane(instance, channel, dest)[1].room

    def post(self, instance: Instance, channel: Channel, dest: int, parcel: Parcel) -> None:
        """Send a parcel as soon as there is credit for it. What leads back waits elsewhere, not here."""
        key, lane = self._lane(instance, channel, dest)
        if lane.behind is not None:
            with self._behind:
                if lane.behind or not lane.room:
                    lane.behind.put(parcel.head, *parcel.buffers)
                else:
                    self._dispatch(key, lane, parcel)
        else:
            while not lane.room:
                self._wait(instance, lane)
            self._dispatch(key, lane, parcel)
        if self._crew is None and key[2] not in self._by_number:
            self._poll()

    def _lane(self, instance: Instance, channel: Channel, dest: int) -> tuple[tuple[int, int, int], Lane]:
        key = (channel.number, instance.number, self.layout.consumer[channel.number].first + dest)
        return key, self._lanes.get(key) or self._open(key, channel)

    def _open(self, key: tuple[int, int, int], channel: Channel) -> Lane:
        producers = self.layout.producer[channel.number].instances
        consumers = self.layout.consumer[channel.number].instances
        behind = Backlog(self._folder, max(LEAST, MEMORY // consumers)) if channel.back else None
        return self._lanes.setdefault(key, Lane(window(producers, consumers), behind))

    def _wait(self, instance: Instance, lane: Lane) -> None:
        if self._crew is not None:
            self._crew[instance.number].wait(lane)
            return
        instance.flush_late()
        if self._poll():
            self._patience.reset()
        else:
            self._patience.wait()

    def _dispatch(self, key: tuple[int, int, int], lane: Lane, parcel: Parcel) -> None:
        channel, source, number = key
        nbytes = parcel.nbytes
        wanted = lane.leaves(nbytes)
        mine = self._by_number.get(number)
        if mine is None:
            self._leaving.append((self.layout.rank(number), Message(
                Kind.ITEMS, channel, source, number, nbytes, wanted, parcel.head, parcel.buffers)))
        else:  # a consumer may change what it gets
            own = parcel.buffers if parcel.shared else tuple(bytearray(buffer) for buffer in parcel.buffers)
            mine.inbox.append((channel, source, parcel.head, own, nbytes, wanted))

    # What instances have done

    def _has_room(self, key: tuple[int, int, int], nbytes: int) -> None:
        """A consumer has taken so many bytes: what waits behind them may go."""
        lane = self._lanes[key]
        lane.taken(nbytes)
        if lane.behind is None:
            return
        with self._behind:
            while lane.behind and lane.room:
                head, *buffers = lane.behind.get()
                self._dispatch(key, lane, Parcel(head, tuple(map(memoryview, buffers))))

    def _give_credit(self) -> None:
        """Tell the producers of what was taken that they may send more."""
        while self.took:
            instance, channel, source, nbytes, wanted = self.took.popleft()
            key = (channel, source, instance.number)
            if source in self._by_number:
                self._has_room(key, nbytes)
                continue
            owed = self._owed.get(key)
            if owed is None:
                owed = self._owed[key] = Owed(window(self.layout.producer[channel].instances,
                                                     instance.placement.stage.instances))
            credit = owed.took(nbytes, wanted)
            if credit:
                message = Message(Kind.CREDIT, channel, source, instance.number, credit)
                self._leaving.append((self.layout.rank(source), message))

    def _is_done(self, instance: Instance) -> None:
        """Note that an instance is done, if so, and tell all its consumers."""
        if not instance.done or instance.number not in self._left:
            return
        self._left.discard(instance.number)
        for channel in instance.placement.stage.sends if not instance.cyclic else ():
            for number in self.layout.consumer[channel.number].all:
                message = Message(Kind.END, channel.number, instance.number, number)
                if number in self._by_number:
                    self._end(message)
                else:
                    self._leaving.append((self.layout.rank(number), message))

    # What arrives

    def _items(self, message: Message) -> None:
        self._by_number[message.dest].inbox.append(
            (message.channel, message.source, message.body, message.buffers, message.amount, message.flag))

    def _end(self, message: Message) -> None:
        self._by_number[message.dest].ends -= 1

    def _credit(self, message: Message) -> None:
        self._has_room((message.channel, message.source, message.dest), message.amount)

    # The loop

    def run(self) -> None:
        """The life of all instances. Raises the failure of one of them, or what failed on another rank, once known."""
        use_threads(1)
        try:
            while self._left:
                if not self._turn():
                    self._rest()
            while self._leaving or not self._transport.at_rest:
                if not self._poll():
                    self._patience.wait()
        except Ended as ended:
            raise ended.error from None
        if self._crew is not None:
            self._crew.close()
        self.notes.close()

    def _turn(self) -> bool:
        """Have one instance do something, the last that has got anything, before more is taken in; says whether
        something was done."""
        self._turns += 1
        self._hear()
        do = self._next(lambda instance: instance.inbox)
        came = self._poll() if do is None or self._turns % _POLLED == 0 else False
        do = do or self._next(lambda instance: True)
        if do is not None:
            do()
        elif not came:
            return False
        self._patience.reset()
        return True

    def _next(self, may: Callable[[Instance], Any]) -> Callable[[], None] | None:
        """Has the last instance that has something to do, or need wait no longer, do it."""
        for instance in self._order:
            strand = self._crew[instance.number] if self._crew is not None else None
            if strand is not None and strand.waits is not None:
                if strand.waits.room and not strand.at_work:
                    return functools.partial(self._with, strand.go_on)
            elif (strand is None or not strand.at_work) and may(instance) and (work := instance.next()) is not None:
                return functools.partial(self._with, strand.start, work) if strand is not None else \
                    functools.partial(self._alone, instance, work)
        return None

    def _alone(self, instance: Instance, work: Callable[[], None]) -> None:
        work()
        self._is_done(instance)

    def _with(self, start: Callable[..., None], *arguments: Any) -> None:
        start(*arguments)
        self._hear(PATIENT)

    def _hear(self, seconds: float = 0.0) -> None:
        """Look what instances have done, after so many seconds at most where nothing is."""
        for number in self._crew.back(seconds) if self._crew is not None else ():
            self._is_done(self._by_number[number])
        self._give_credit()
        while self._leaving:
            self._transport.send(*self._leaving.popleft())

    def _rest(self) -> None:
        """Nobody has anything to do but those that are at work."""
        busy = self._crew.busy if self._crew is not None else ()
        if self._round:
            self._round.report(self._patience.idle, set(self._by_number) - set(busy))
        if time.monotonic() - self._flushed > LATE:
            self._flushed = time.monotonic()
            for number in busy:
                self._by_number[number].flush_late()
        self._patience.wait(self._hear if busy else None)

    def _poll(self) -> bool:
        self._hear()
        came = self._transport.poll()
        if self._control.failure is not None:
            raise Ended(self._control.failure)
        if self._control.world.rank and time.monotonic() - self._reported > _EVERY:
            self._reported = time.monotonic()
            self._control.say(0, Kind.PROGRESS, self.reports())
        return came

    def reports(self) -> list[dict[str, Any]]:
        """What the instances have done so far."""
        return [instance.stage.report() for instance in self.instances]

