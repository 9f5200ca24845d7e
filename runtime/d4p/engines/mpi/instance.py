"""One instance on a rank: what waits for it, and what it does next."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from d4p.engines.channels.parcels import Parcel, places_of, sizes, unpack_parcel
from d4p.engines.channels.sender import Sender
from d4p.engines.channels.sharing import Sharing
from d4p.engines.declared import Entry
from d4p.engines.mpi.layout import Placement
from d4p.engines.mpi.post import Post
from d4p.engines.postmortem.notes import DONE, OUTPUTS, POSTPROCESS, PREPROCESS, ROOT, Note
from d4p.engines.quiescence import ASK, END, Command, Tally
from d4p.errors import RunFailed
from d4p.places.held import Packed
from d4p.stage.channel import Channel
from d4p.stage.exchange import Pairs, RoundRobin
from d4p.stage.instance import Stage
from d4p.stage.outlet import Lanes

#: What batches grow to, in bytes: a message costs more than a note in shared memory.
BATCH = 1 << 20
#: A root runs about so many seconds before its rank looks whether something has arrived.
SLICE = 0.002
_MOST = 1024
#: Parcels of fewer bytes than this may be taken together.
SMALL = 32 << 10

#: Nanoseconds after which a dealer has heard what an instance has done, and that has what it deals then, where both
#: share their interpreters with others.
LATENCY = 30_000_000


def deals(channel: Channel, producers: int) -> bool:
    """Whether runs of items are dealt on a channel, to whichever instance is free."""
    return isinstance(channel.exchange, RoundRobin) and channel.exchange.runs and producers == 1


class Slices:
    """The items of a root, taken some at a time, as many as take about SLICE seconds."""

    def __init__(self, items: Iterable[Any]) -> None:
        self._items, self._many, self.left = iter(items), 1, True

    def next(self) -> Iterator[Any]:
        """The next few; the consumer of this generator works while it runs."""
        began = time.perf_counter()
        for _ in range(self._many):
            try:
                item = next(self._items)
            except StopIteration:
                self.left = False
                return
            yield item
        took = time.perf_counter() - began
        self._many = min(2 * self._many, _MOST) if took < SLICE / 2 else self._many // 2 or 1 if took > 2 * SLICE \
            else self._many


class Instance:
    """An instance of a stage, worked on step by step.

    Args:
        placement: which one.
        job: the run.
        note: where it writes down what it is at.
        entered: where items enter stages, by channel.
        ends: how many ends it will see, one for each producer instance of each of its channels; None in a run with
            cycles, where the end is commanded.
        producers: how many instances send on each channel with places.
        post: what carries its parcels.
        may_end: called with this instance when it has taken all; whether it may run `postprocess` now.
    """

    def __init__(self, placement: Placement, job: Any, note: Note, entered: Mapping[int, Entry], ends: int | None,
                 producers: dict[int, int], post: Post, may_end: Callable[[Instance], bool]) -> None:
        self.placement, self.number, self.cyclic = placement, placement.number, ends is None
        self.ends = 1 if ends is None else ends
        self._note, self._entered, self._taken, self._producers = note, entered, Counter(), producers
        self.inbox: deque[tuple[int, int, Any, Iterable[Any], int, int]] = deque()
        self.senders: dict[int, Sender] = {}
        self._dealt = {channel.number for channel in placement.stage.takes
                       if deals(channel, post.producers(channel)) and not self.cyclic}  # on these it is dealt runs
        self.roots: list[tuple[str, int, Slices]] = []  # name, entry of its notes, items
        self.done = self.ending = self.kept = self._begun = False
        self.tally = Tally()
        self.orders: deque[Command] = deque()  # of a run with cycles
        self._sent: Counter[int] = Counter()  # parcels by channel: each is posted by one thread at a time
        self._job, self._post, self._may_end = job, post, may_end
        self._loose = False  # whether its senders may hold something back
        stage, index = placement.stage, placement.index
        made = Stage(job.workflow, stage.function.info, index, lanes=self._lanes, spool=job.spooler(index),
                     log=job.log, instances=stage.instances, at=note.number)
        self.stage = stage.function(made)
        made.depth = lambda: sum(each[4] for each in self.inbox.copy())
        self.in_turns = any(getattr(pe, "in_turns", False) for pe in self.stage.pes)

    def _lanes(self, channel: Channel) -> Lanes:
        number = channel.number
        reached = channel.exchange.spread(self._post.consumers(channel))

        def post(lane: int, parcel: Parcel) -> None:
            if isinstance(channel.exchange, Pairs):
                parcel = parcel.to_share()
            for dest in reached[lane]:
                self._sent[number] += 1
                self._post.put(self, channel, dest, parcel)
                sender.lanes.moved += parcel.nbytes

        def free(lane: int) -> bool:
            return all(self._post.has_room(self, channel, dest) for dest in reached[lane])

        sender = Sender(number, channel.edge, len(reached), post, batch_bytes=BATCH, free=free)
        self.senders[number] = sender
        sender.lanes.reached = reached
        if deals(channel, self.placement.stage.instances) and not self.cyclic:
            told = self._post.deals(self, channel)
            sender.lanes.free = Sharing(sender, told, self._flush, LATENCY).free
        return sender.lanes

    @property
    def sent(self) -> int:
        """The parcels sent so far."""
        return sum(self._sent.values())

    def _begin(self) -> None:
        """Before the first item. An instance whose parts are whole from an earlier run is done."""
        stage, note, self._begun = self.stage, self._note, True
        stage.clock.alone()
        if stage.kept(self.cyclic):
            note.at(DONE)
            self.kept, self.done = True, not self.cyclic and not self.ends
            self._rest()
            return
        stage.merging(self._producers, str(self._job.spool.folder), self._unpack)
        for name in reversed(stage.names):  # consumers first, so that what one writes there finds the next one ready
            note.at(PREPROCESS, stage.names.index(name))
            stage.preprocess_pe(name)
        for name in self._job.workflow.roots():
            if name in stage.names:
                items = self._job.feed(stage, name, stage.instances, note.reading)
                entry = ROOT + stage.names.index(name)
                self.roots.append((name, entry, Slices(items)))
        note.waiting()
        self._loose = True
        self._rest()

    def _rest(self) -> None:
        """It is done with what it was given to do: for good, or until its turn comes."""
        clock = self.stage.clock
        if self.done:
            clock.stop()
        else:
            clock.enter("queued" if self.inbox or self.roots else "held" if self.stage.passing.holds else "waiting")

    def next(self) -> Callable[[], None] | None:
        """What it does next; None where there is nothing to do. To be asked while it does nothing, by the thread that
        puts something into its inbox and counts its ends."""
        if self.done:
            return None
        if not self._begun:
            return self._begin
        if self.inbox:
            return self._take_some
        if self.roots:
            return self._go_on
        if self.orders:
            return self._follow
        if self._loose:
            return self._flush
        if self.ends or not self._may_end(self):
            return None
        self.ending = True
        return self._end

    def _take_some(self) -> None:
        """Take a parcel, and as long as that takes little time some small ones behind it."""
        until, taken = time.perf_counter() + SLICE, 0
        self._loose = True
        while True:
            self.stage.clock.enter("unpacking")
            channel, source, head, buffers, nbytes, wanted = self.inbox.popleft()
            if not self.kept:
                self._take(channel, head, buffers)
            del buffers
            self.tally.received += 1
            self._post.took(self, channel, source, nbytes, wanted)
            self._note.waiting()
            taken += nbytes
            if wanted or taken > SMALL or not self.inbox or time.perf_counter() > until:
                return self._rest()

    def _go_on(self) -> None:
        """Feed a root some items."""
        stage, note = self.stage, self._note
        name, entry, slices = self.roots[0]
        note.going_on(entry, stage.counts()[name])
        self._loose = True
        stage.clock.enter("working")
        stage.feed(name, slices.next())
        if not slices.left:
            self.roots.pop(0)
            note.waiting()
        if not self.inbox:
            self._flush()
        self._rest()

    def _end(self) -> None:
        if not self.kept:
            for name in self.stage.names:
                self._postprocess(name)
            self._finish()
        self.done = True
        self._rest()

    def _postprocess(self, name: str) -> None:
        self._note.at(POSTPROCESS, self.stage.names.index(name))
        self.stage.postprocess_pe(name)

    def _finish(self) -> None:
        self._note.at(OUTPUTS)
        self.stage.finish()
        self.stage.passing.end()
        self._flush()
        self._note.at(DONE)

    def _follow(self) -> None:
        """What is commanded in a run with cycles; an instance that is kept has nothing to do but to say so."""
        command = self.orders.popleft()
        self.tally.number = command.number
        self.done = command.what == END
        if not self.kept and self.done:
            self._finish()
        elif not self.kept and command.what != ASK:
            self._postprocess(command.pe)
            self._note.waiting()
            self._loose = True
        self._rest()

    def _take(self, channel: int, head: Any, buffers: Iterable[Any]) -> None:
        """Take a batch in. Whoever dealt it is told also where it isn't in turn: he needn't wait for what others are to
        do."""
        places, passing = places_of(head), self.stage.passing
        whole = places is not None and passing.packed and isinstance(head, Packed) and not sizes(head)
        items: Any = head if whole else self._unpack(head, buffers)
        left, since = len(items) if places is None else places.count, time.perf_counter_ns()
        if places is None:
            self._feed(channel, items)
        else:
            for of, some in passing.take(channel, places, items):
                self._feed(of, some)
                if of == channel and left:
                    now, done = time.perf_counter_ns(), min(left, len(some))
                    self._did(channel, done, now - since)
                    left, since = left - done, now
        self._did(channel, left, time.perf_counter_ns() - since)

    def _did(self, channel: int, items: int, nanoseconds: int) -> None:
        if items and channel in self._dealt:
            self._post.did(self, channel, items, nanoseconds)

    def _feed(self, channel: int, items: list[Any]) -> None:
        entry = self._entered[channel]
        before = self.stage.counts().get(entry.pe, 0) if entry.mixed else self._taken[entry.pe]
        self._note.taking(channel, before)
        self.stage.feed(channel, items)
        self._taken[entry.pe] += len(items)

    def _unpack(self, head: Any, buffers: Iterable[Any] = ()) -> list[Any]:
        try:
            return unpack_parcel(head, buffers)
        except RunFailed as error:
            raise RunFailed(f"{self.placement}: {error}") from error

    def _flush(self) -> None:
        """Send what is held back."""
        self._loose = False
        for sender in self.senders.values():
            sender.flush()

    def flush_late(self) -> None:
        """Send what it has held back for long, being busy, as far as nobody has to wait for that; from the loop."""
        for sender in list(self.senders.values()):
            sender.flush_late()
