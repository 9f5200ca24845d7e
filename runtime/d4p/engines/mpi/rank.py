"""The event loop of a rank: it carries messages, and gives its instances what to do."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from d4p.engines.channels.sender import LATE
from d4p.engines.declared import entries
from d4p.engines.mpi.control import Control
from d4p.engines.mpi.crew import PATIENT, Crew
from d4p.engines.mpi.cyclic import Round
from d4p.engines.mpi.instance import Instance
from d4p.engines.mpi.layout import Layout, Placement
from d4p.engines.mpi.message import Kind, Message
from d4p.engines.mpi.notes import RankNotes
from d4p.engines.mpi.patience import Patience
from d4p.engines.mpi.post import Post
from d4p.engines.mpi.watch import Watch
from d4p.engines.postmortem.notes import Note
from d4p.errors import ControlFlow
from d4p.host.threads import use_threads
from d4p.program.job import Job
from d4p.stage.inhand import looking

#: Of so many turns of instances whose items wait one looks for more, or after so many seconds.
_POLLED, _SOON = 8, 0.002
#: Seconds between two looks while instances are at work, with whom each look contends for the interpreter.
_BESIDE = 0.003
#: Seconds between two reports to rank 0.
_EVERY = 0.3


class Ended(ControlFlow):
    """The run has failed, here or elsewhere."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class Rank:
    """The instances of one rank.

    A rank's only instance works in the main thread, as the loop does; where it is long at work another thread carries
    messages (`Watch`). Several have a thread each (`Crew`), and the loop goes on while one of them is long at work.

    An instance that is out of credit waits within its own `write`, and keeps nobody: if it is alone messages are
    carried meanwhile, else it waits in its own thread. So of all that wait, on whatever rank, the last one in
    topological order waits for a consumer that waits for nobody: that takes what has come (a merge holds what isn't its
    turn) and gives the credit back, and the run goes on. What leads back in a cycle waits for no credit, but behind its
    lane.
    """

    def __init__(self, control: Control, layout: Layout, job: Job) -> None:
        self.layout, self._control, self._transport = layout, control, control.transport
        self._patience, self._turns, self._writing = Patience(), 0, job.workflow.writing
        self._reported = self._flushed = self._polled = time.monotonic()
        placements = layout.on(control.world.rank)
        alone = len(placements) == 1
        self._post = Post(layout, job.spool.folder, self._wait, self._carry_on if alone else lambda: None)
        self._entered = entries(layout.stages, job.workflow)
        self.notes = RankNotes(str(job.spool.folder), control.world.rank, len(placements))
        self.instances = [self._make(each, job, self.notes.of(index)) for index, each in enumerate(placements)]
        self._by_number = {instance.number: instance for instance in self.instances}
        self._post.holds(self._by_number)
        self._crew = Crew({each.number: str(each) for each in placements}) if len(placements) > 1 else None
        self._watch = Watch(self._meanwhile) if alone and control.world.threads else None
        self._order = self.instances[::-1]  # the last first: what is on its way goes before what is new
        self._left = set(self._by_number)  # those that aren't done
        self._round = Round(control, layout, job, self._by_number) if layout.cyclic else None
        self._transport.handlers |= {Kind.ITEMS: self._items, Kind.END: self._end, Kind.CREDIT: self._credit,
                                     Kind.TOLD: self._told}

    def _make(self, placement: Placement, job: Job, note: Note) -> Instance:
        ends = sum(self.layout.producer[channel.number].instances for channel in placement.stage.takes)
        producers = {channel.number: self.layout.producer[channel.number].instances
                     for channel in placement.stage.takes if channel.merges}
        return Instance(placement, job, note, self._entered, None if self.layout.cyclic else ends, producers,
                        self._post, self._may_end)

    def _may_end(self, instance: Instance) -> bool:
        """Whether an instance may run `postprocess`. Of those that have much work to do there, one does at a time."""
        if not instance.in_turns:
            return True
        if self._crew is None:  # all that it has sent should have come before
            return self._transport.at_rest
        return not any(each.in_turns and each.ending and not each.done for each in self.instances)

    # What arrives

    def _items(self, message: Message) -> None:
        self._by_number[message.dest].inbox.append(
            (message.channel, message.source, message.body, message.buffers, message.amount, message.flag))

    def _end(self, message: Message) -> None:
        self._by_number[message.dest].ends -= 1

    def _credit(self, message: Message) -> None:
        self._post.got_credit((message.channel, message.source, message.dest), message.amount)

    def _told(self, message: Message) -> None:
        self._post.told(message.channel, message.source, message.amount, message.body)

    # The loop

    def run(self) -> None:
        """The life of all instances. Raises the failure of one of them, or what failed on another rank, once known."""
        use_threads(1)
        try:
            with looking(lambda: [each.stage for each in self.instances], self._writing), self._watch or nullcontext():
                while self._left:
                    if not self._turn():
                        self._rest()
                while self._poll() or not self._transport.at_rest:
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
        late = self._turns % _POLLED == 0 or time.monotonic() - self._polled > _SOON
        came = self._poll() if do is None or late else False
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
                if not strand.at_work and strand.waits():
                    return functools.partial(self._with, strand.go_on)
            elif (strand is None or not strand.at_work) and may(instance) and (work := instance.next()) is not None:
                return functools.partial(self._with, strand.start, work) if strand is not None else \
                    functools.partial(self._alone, instance, work)
        return None

    def _alone(self, instance: Instance, work: Callable[[], None]) -> None:
        self._watch.during(work) if self._watch is not None else work()
        self._is_done(instance)

    def _with(self, start: Callable[..., None], *arguments: Any) -> None:
        start(*arguments)
        self._hear(PATIENT)

    def _hear(self, seconds: float = 0.0) -> None:
        """Look what instances have done, after so many seconds at most where nothing is."""
        for number in self._crew.back(seconds) if self._crew is not None else ():
            self._is_done(self._by_number[number])
        for rank, message in self._post.leaving():
            self._transport.send(rank, message)

    def _is_done(self, instance: Instance) -> None:
        if instance.done and instance.number in self._left:
            self._left.discard(instance.number)
            if not instance.cyclic:
                self._post.ended(instance)

    # While an instance is at work

    def _wait(self, instance: Instance, until: Callable[[], bool]) -> None:
        """An instance waits until something is so, or a little; called from its thread."""
        if self._crew is not None:
            self._crew[instance.number].wait(until)
        elif self._meanwhile():
            self._patience.reset()
        else:
            self._patience.wait()

    def _meanwhile(self) -> bool:
        """While the only instance does something else."""
        self._order[0].flush_late()
        return self._carry_on()

    def _carry_on(self) -> bool:
        with self._watch.turn if self._watch is not None else nullcontext():
            return self._poll()

    def _rest(self) -> None:
        """Nobody has anything to do but those that are at work."""
        busy = self._crew.busy if self._crew is not None else ()
        if self._round:
            self._round.report(self._patience.idle, set(self._by_number) - set(busy))
        if time.monotonic() - self._flushed > LATE:
            self._flushed = time.monotonic()
            for number in busy:
                self._by_number[number].flush_late()
        self._patience.wait((lambda _: self._hear(_BESIDE)) if self._crew is not None and self._crew.at_work else None)

    def _poll(self) -> bool:
        self._hear()
        self._polled = time.monotonic()
        came = self._transport.poll()
        failure = self._control.failure or (self._watch.failure if self._watch is not None else None)
        if failure is not None:
            raise Ended(failure)
        if self._control.world.rank and self._polled - self._reported > _EVERY:
            self._reported = self._polled
            self._control.say(0, Kind.PROGRESS, self.reports())
        return came

    def reports(self) -> list[dict[str, Any]]:
        """What the instances have done so far."""
        return [instance.stage.report() for instance in self.instances]

