"""The event loop of a rank: one thread, in which all its instances take turns."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from d4p.engines.channels.backlog import MEMORY, Backlog
from d4p.engines.channels.parcels import Parcel
from d4p.engines.declared import Declared, entries
from d4p.engines.mpi.control import Control
from d4p.engines.mpi.credit import LEAST, Lane, Owed, window
from d4p.engines.mpi.cyclic import Round
from d4p.engines.mpi.instance import Instance
from d4p.engines.mpi.layout import Layout, Placement
from d4p.engines.mpi.message import Kind, Message
from d4p.engines.mpi.notes import RankNotes
from d4p.engines.mpi.patience import Patience
from d4p.engines.postmortem.notes import Note
from d4p.errors import ControlFlow, D4pError
from d4p.host.threads import use_threads
from d4p.program.job import Job
from d4p.stage.channel import Channel

#: So many instances may wait for credit, one within the other; the next one sends without.
NESTED = 40
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

    An instance that is out of credit waits within its own `write`, and meanwhile the rank works on others, but only on
    those that stand behind all that wait here (in topological order). So no instance is entered twice, and of all
    that wait, on whatever rank, the last one waits for a consumer that can always run: the run goes on.
    """

    def __init__(self, control: Control, layout: Layout, job: Job) -> None:
        self.layout, self._control, self._transport = layout, control, control.transport
        self._lanes: dict[tuple[int, int, int], Lane] = {}
        self._owed: dict[tuple[int, int, int], Owed] = {}
        self._waiting: list[int] = []  # the instances that are at work, each within the one before
        self._patience, self._turns = Patience(), 0
        self._begun: set[int] = set()  # stages whose instances are at much work, by their first one's number
        self._reported = time.monotonic()
        placements = layout.on(control.world.rank)
        self._entered = entries(layout.stages, job.workflow)
        self.notes = RankNotes(str(job.spool.folder), control.world.rank, len(placements))
        self.instances = [self._make(each, job, self.notes.of(index)) for index, each in enumerate(placements)]
        self._by_number = {instance.number: instance for instance in self.instances}
        for instance in self.instances:
            if instance.in_turns:
                instance.may_end = functools.partial(self._all_here, instance.placement.stage)
        self._order = self.instances[::-1]  # the last first: what is on its way goes before what is new
        self._round = Round(control, layout, job, self._by_number) if layout.cyclic else None
        self._folder = job.spool.folder
        self._transport.handlers |= {Kind.ITEMS: self._items, Kind.END: self._end, Kind.CREDIT: self._credit}

    def _make(self, placement: Placement, job: Job, note: Note) -> Instance:
        ends = sum(self.layout.producer[channel.number].instances for channel in placement.stage.takes)
        producers = {channel.number: self.layout.producer[channel.number].instances
                     for channel in placement.stage.takes if channel.places}
        return Instance(placement, job, note, self._entered, None if self.layout.cyclic else ends, producers,
                        self._post, lambda channel: self.layout.consumer[channel.number].instances)

    def _all_here(self, stage: Declared) -> bool:
        """Whether the instances of a stage may begin with much work: while one of them is at it nothing is taken in and
        sent on here, so all that others wait for must have left, and all that they send must have come."""
        if stage.first not in self._begun:  # later on reports are on their way, for which nobody waits
            if not all(i.done or i.complete for i in self.instances if i.placement.stage is stage):
                return False
            if not self._transport.at_rest:
                return False
            self._begun.add(stage.first)
        return True

    # What an instance sends

    def _post(self, instance: Instance, channel: Channel, dest: int, parcel: Parcel) -> None:
        """Send a parcel as soon as there is credit for it. What leads back waits elsewhere, not here."""
        number = self.layout.consumer[channel.number].first + dest
        key = (channel.number, instance.number, number)
        lane = self._lanes.get(key) or self._open(key, channel)
        instance.sent += 1
        if lane.behind is not None and (lane.behind or not lane.room):
            lane.behind.put(parcel.head, *parcel.buffers)
            return
        while lane.behind is None and not lane.room and len(self._waiting) < NESTED:
            if not self._turn(instance.number):
                self._patience.wait()
        self._dispatch(key, lane, parcel)
        if number not in self._by_number:
            self._poll()

    def _open(self, key: tuple[int, int, int], channel: Channel) -> Lane:
        producers = self.layout.producer[channel.number].instances
        consumers = self.layout.consumer[channel.number].instances
        behind = Backlog(self._folder, max(LEAST, MEMORY // consumers)) if channel.back else None
        lane = self._lanes[key] = Lane(window(producers, consumers), behind)
        return lane

    def _dispatch(self, key: tuple[int, int, int], lane: Lane, parcel: Parcel) -> None:
        channel, source, number = key
        nbytes = parcel.nbytes
        wanted = lane.take(nbytes)
        mine = self._by_number.get(number)
        if mine is None:
            self._transport.send(self.layout.rank(number), Message(
                Kind.ITEMS, channel, source, number, nbytes, wanted, parcel.head, parcel.buffers))
        else:  # a consumer may change what it gets
            own = parcel.buffers if parcel.shared else tuple(bytearray(buffer) for buffer in parcel.buffers)
            mine.inbox.append((channel, source, parcel.head, own, nbytes, wanted))

    def _has_room(self, key: tuple[int, int, int], nbytes: int) -> None:
        """A consumer has taken so many bytes: what waits behind them may go."""
        lane = self._lanes[key]
        lane.out -= nbytes
        while lane.behind and lane.room:
            head, *buffers = lane.behind.get()
            self._dispatch(key, lane, Parcel(head, tuple(map(memoryview, buffers))))

    def _took(self, instance: Instance, channel: int, source: int, nbytes: int, wanted: int) -> None:
        """An instance has taken a parcel: its producer may send more."""
        key = (channel, source, instance.number)
        if source in self._by_number:
            self._has_room(key, nbytes)
            return
        owed = self._owed.get(key)
        if owed is None:
            owed = self._owed[key] = Owed(window(self.layout.producer[channel].instances,
                                                 instance.placement.stage.instances))
        credit = owed.took(nbytes, wanted)
        if credit:
            message = Message(Kind.CREDIT, channel, source, instance.number, credit)
            self._transport.send(self.layout.rank(source), message)

    def _ends(self, instance: Instance) -> None:
        """Tell all consumers of an instance that it is done."""
        for channel in instance.placement.stage.sends:
            for number in self.layout.consumer[channel.number].all:
                message = Message(Kind.END, channel.number, instance.number, number)
                if number in self._by_number:
                    self._end(message)
                else:
                    self._transport.send(self.layout.rank(number), message)

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
        """The life of all instances, on one core. Raises the failure of one of them, or what failed on another rank,
        once known."""
        use_threads(1)
        try:
            for instance in self._order:
                self._within(instance, instance.begin)
            while not all(instance.done for instance in self.instances):
                if not self._turn():
                    if self._round:
                        self._round.report(self._patience.idle)
                    self._patience.wait()
            while not self._transport.at_rest:
                if not self._poll():
                    self._patience.wait()
        except Ended as ended:
            raise ended.error from None
        self.notes.close()

    def _turn(self, behind: int = -1) -> bool:
        """Work on one instance, the last that has work, before more is taken in; says whether anything was done."""
        self._turns += 1
        waiting = self._next(behind, lambda instance: instance.inbox)
        came = self._poll() if waiting is None or self._turns % _POLLED == 0 else False
        instance = waiting or self._next(behind, lambda instance: instance.has_work)
        if instance is not None:
            self._within(instance, self._step, instance)
        elif not came:
            return False
        self._patience.reset()
        return True

    def _next(self, behind: int, has: Callable[[Instance], Any]) -> Instance | None:
        for instance in self._order:
            if instance.number <= behind:
                return None
            if has(instance):
                return instance
        return None

    def _step(self, instance: Instance) -> None:
        took = self._took
        if instance.step(lambda *taken: took(instance, *taken)) and not instance.cyclic:
            self._ends(instance)

    def _within(self, instance: Instance, work: Callable, *arguments: Any) -> None:
        """Work on an instance; what fails there is no fault of those that wait meanwhile."""
        self._waiting.append(instance.number)
        try:
            work(*arguments)
        except D4pError as error:
            raise Ended(error) from None
        finally:
            self._waiting.pop()

    def _poll(self) -> bool:
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

