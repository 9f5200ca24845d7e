"""One worker process: the instances that fall to it, each fed from its inbox until every producer is done."""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from d4p.engines.channels.parcels import Parcel, unpack_parcel
from d4p.engines.channels.sender import Flusher, Sender
from d4p.engines.channels.sharing import Sharing
from d4p.engines.declared import Entry
from d4p.engines.postmortem.lost import where
from d4p.engines.postmortem.notes import DONE, OUTPUTS, POSTPROCESS, PREPROCESS, ROOT, Notes
from d4p.engines.processes.board import Held, Row
from d4p.engines.processes.cyclic import Back, Part
from d4p.engines.processes.pipes import Inbox
from d4p.engines.processes.turns import Turns
from d4p.errors import D4pError, RunFailed
from d4p.host import keeper, memory, scratch
from d4p.host.lines import own_streams
from d4p.host.signals import ENDS, ignore
from d4p.host.threads import use_threads
from d4p.places.held import Packed
from d4p.places.marks import Head
from d4p.program import leaving
from d4p.program.events import Events, Sampler
from d4p.program.job import Job
from d4p.stage import stdin
from d4p.stage.channel import Channel
from d4p.stage.depth import FRAMES
from d4p.stage.exchange import Pairs
from d4p.stage.function import StageFunction
from d4p.stage.inhand import looking
from d4p.stage.instance import Stage
from d4p.stage.outlet import Lanes
from d4p.workflow.inputs import Inputs
from d4p.workflow.results import Spool
from d4p.workflow.workflow import Workflow

#: Seconds after which a dealer that pauses looks again.
_PAUSE = 0.005


@dataclass(frozen=True)
class Task:
    """One instance of a stage: what it runs, what feeds it, and what it feeds."""

    function: StageFunction
    index: int
    instances: int
    inbox: Any  # an Inbox, where anything comes to it
    ends: int  # how many ends its inbox will bring: one for each producer instance of each of its channels
    to: dict[int, list[Inbox]]  # by channel
    entries: dict[int, Entry]  # of the channels that its inbox brings
    cyclic: bool = False  # whether anything in the run leads back: then no ends come, but commands
    producers: Mapping[int, int] = field(default_factory=dict)  # instances that send on each channel with places
    turns: Mapping[str, Turns] = field(default_factory=dict)  # of PEs whose instances end in turns, and not all at once
    rows: dict[int, Row] = field(default_factory=dict)  # by channel, what its consumers and merges say
    merge: int = -1  # which of the instances that put items in order it is
    again: str = ""  # how processes are started, where its work is done in one that can be started again

    def __str__(self) -> str:
        return f"{self.function.info}, instance {self.index}"


def work(number: int, tasks: list[Task], workflow: Workflow, inputs: Inputs, spool: str, notes: Notes, control: Any,
         lifeline: Any, others: list[Any], beside: int) -> None:
    """The main function of a worker process; they are numbered from 1, and there are as many as `beside` says."""
    os.setpgid(0, 0)  # so that the parent can end what PEs start as well
    if mark := keeper.worn():
        keeper.wear(keeper.member(mark, number))  # and what leaves the group
    ignore(signal.SIGINT)  # the parent ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ignore(signal.SIGHUP)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)  # those that came since the program began to start this process
    for connection in others:
        connection.close()
    notes.catch_faults()
    scratch.use(spool)
    stdin.share(spool)
    use_threads(1)  # each instance works on a core of its own
    memory.keep()
    threading.Thread(target=_die_with_parent, args=(lifeline, spool), daemon=True).start()
    sys.setrecursionlimit(max(sys.getrecursionlimit(), FRAMES))
    say = _Speaker(control)
    try:
        workflow.make()  # once, before threads ask for it at once
        gc.freeze()  # modules stay: to look at all their objects again and again takes time, and copies forked pages
        job = Job(workflow, inputs, Spool(spool), Events())
        runs = [_Instance(task, job, notes, i, say, beside) for i, task in enumerate(tasks)]
        senders = lambda: [sender for run in runs for sender in list(run.senders.values())]  # noqa: E731
        flusher = Flusher(senders) if any(task.to for task in tasks) else nullcontext()
        looks = looking(lambda: [run.stage for run in runs], workflow.writing, beside)
        with own_streams(), Sampler(lambda: say("progress", [run.stage.report() for run in runs])), flusher, looks:
            if len(runs) == 1:
                runs[0].run()
            else:
                _side_by_side(runs)
        job.spool.close()
        say("done", [run.stage.report() for run in runs])
        leaving.tell_if_held(", ".join(str(run.task) for run in runs[:3]))
    except D4pError as error:
        say("failed", error)
    except BaseException as error:
        say("failed", _as_said(error))
        raise
    finally:
        sys.stdout.flush()


def _as_said(error: BaseException) -> D4pError | str:
    return error if isinstance(error, D4pError) else f"{type(error).__name__}: {error}"


class _Instance:
    def __init__(self, task: Task, job: Job, notes: Notes, which: int, say: _Speaker,
                 beside: int) -> None:
        self.task, self.job, self.note = task, job, notes.of(which)
        self.taken: Counter[str] = Counter()
        self.senders: dict[int, Sender] = {}
        make = self._again(notes, which, beside) if task.again else Stage
        self.stage = make(job.workflow, task.function.info, task.index, lanes=self._lanes,
                          spool=job.spooler(task.index), log=job.log, instances=task.instances, at=self.note.number)
        self.stage.depth = getattr(task.inbox, "depth", int)
        self.failure: BaseException | None = None
        self.sent = dict.fromkeys(task.to, 0)  # parcels by channel: each is posted by one thread at a time
        key, sent = (self.stage.number, task.index), lambda: sum(self.sent.values())
        self.part = Part(task.inbox, sent, lambda report: say("status", (key, report))) if task.cyclic else None
        self.held = Held(task.merge, task.rows)
        self.back = Back(job.spool.folder, lambda error: say("failed", _as_said(error)))  # starts when it is needed

    def _again(self, notes: Notes, which: int, beside: int) -> Callable[..., Stage]:
        """What makes a stage that is started again where its process dies."""
        from d4p.engines.processes.again import Again, Hand  # here, since that is with --recover alone

        task = self.task
        return partial(Again, Hand(
            multiprocessing.get_context(task.again), task.function, str(self.job.spool.folder), notes, which,
            lambda: f"{task}, {where(notes.read()[which], task.function.info.pes, task.entries)}",
            beside))

    def _lanes(self, channel: Channel) -> Lanes:
        number = channel.number
        inboxes = self.task.to[number]
        reached = channel.exchange.spread(len(inboxes))

        def post(lane: int, parcel: Parcel) -> None:
            for dest in reached[lane]:
                self.sent[number] += 1
                if channel.back:
                    self.back.post(inboxes[dest], number, parcel)
                else:
                    inboxes[dest].put(number, parcel)
                sender.lanes.moved += parcel.nbytes

        def post_stored(lane: int, parcel: Parcel) -> None:
            try:
                assert inboxes[0].store is not None
                at = inboxes[0].store.place([parcel.head, *parcel.buffers])
            except OSError:  # files may not be so large here (ulimit -f): all goes through pipes
                return post(lane, parcel)
            sender.lanes.moved += parcel.nbytes
            for dest in reached[lane]:
                self.sent[number] += 1
                inboxes[dest].put_stored(number, len(parcel.head), at)

        stored = isinstance(channel.exchange, Pairs) and not channel.back
        sender = self.senders[number] = Sender(number, channel.edge, len(reached), post_stored if stored else post)
        sender.lanes.reached = reached
        if (row := self.task.rows.get(number)) is not None:
            sender.lanes.pause = partial(self._pause, row)
            if row.shared:
                sender.lanes.free = Sharing(sender, row, partial(self._flush, news=False)).free
        return sender.lanes

    def _begin_split(self) -> None:
        self.note.reading()
        for number, sender in self.senders.items():
            if (marks := sender.lanes.marks) is not None and not marks.dealer:
                self._pause(self.task.rows[number], marks.run)

    def _pause(self, row: Row, run: int) -> None:
        """Wait until no merge that holds much awaits an earlier run. It has been dealt, and is on its way there: see
        `Merge.behind`."""
        before = ""
        while (awaited := row.awaited()) is not None and awaited < run:
            self._flush()
            before = before or self.stage.clock.enter("blocked")
            time.sleep(_PAUSE)
        if before:
            self.stage.clock.enter(before)

    def run(self) -> None:
        """The life of one instance: preprocess, its items, postprocess, and the end for its consumers."""
        self.stage.clock.alone()
        try:
            self._live()
        finally:
            self.stage.clock.stop()

    def _live(self) -> None:
        stage, note = self.task.function(self.stage), self.note
        if stage.kept(self.task.cyclic):
            if self.part is not None:
                self.part.play(self._take, self._feed, self._flush, lambda pe: None)
            else:
                self._nothing_to_do()
            note.at(DONE)
            return
        stage.merging(self.task.producers, str(self.job.spool.folder), self._unpacked)
        for name in reversed(stage.names):  # consumers first, so that what one writes there finds the next one ready
            note.at(PREPROCESS, stage.names.index(name))
            stage.preprocess_pe(name)
        for name in self.job.workflow.roots():
            if name in stage.names:
                items = self.job.feed(stage, name, self.task.instances, self._begin_split)
                note.taking(ROOT + stage.names.index(name), 0)
                stage.feed(name, items)
        note.waiting()
        stage.clock.enter("waiting")
        if self.part is not None:
            self.part.play(self._take, self._feed, self._flush, self._postprocess)
        else:
            self._until_the_ends()
            for name in stage.names:
                self._postprocess(name)
        note.at(OUTPUTS)
        stage.finish()
        stage.passing.end()
        self._flush()
        for channel, inboxes in self.task.to.items() if self.part is None else ():
            for inbox in inboxes:
                inbox.put(channel, None)
        note.at(DONE)

    def _until_the_ends(self) -> None:
        ends, inbox = self.task.ends, self.task.inbox
        while ends:
            if not inbox.ready():
                self._flush()
            channel, items, places = self._next()
            if items is None:
                ends -= 1
            else:
                self._work_on(channel, items, places)

    def _work_on(self, channel: int, items: list[Any] | Packed, places: Head | None) -> None:
        """Take a batch, and say so: also where it isn't in turn, since whoever dealt it needn't wait for what others
        are to do."""
        row, left = self.task.rows.get(channel), len(items) if places is None else places.count
        took = row.took if row is not None and row.shared else lambda *_: None
        seconds = self.stage.clock.seconds  # that it waits for those that take its output doesn't make it slow
        since = seconds["working"]
        if places is None:
            assert isinstance(items, list)
            self._feed(channel, items)
        else:
            for of, some in self.stage.passing.take(channel, places, items):
                self._feed(of, some)
                if of == channel and left:
                    took(self.task.index, count := min(left, len(some)), _nanoseconds(seconds["working"] - since))
                    left, since = left - count, seconds["working"]
            self.held.tell(self.stage.passing.behind())
        took(self.task.index, left, _nanoseconds(seconds["working"] - since))

    def _nothing_to_do(self) -> None:
        """Its output is there from an earlier run: what comes is for others."""
        ends = self.task.ends
        self.stage.clock.enter("waiting")
        while ends:
            ends -= self.task.inbox.drop()
        for turns in self.task.turns.values():
            with turns.turn(self.task.index):
                pass

    def _postprocess(self, name: str) -> None:
        if turns := self.task.turns.get(name):
            self.stage.clock.enter("queued")
            with turns.turn(self.task.index):
                self._postprocess_now(name)
        else:
            self._postprocess_now(name)

    def _postprocess_now(self, name: str) -> None:
        self.note.at(POSTPROCESS, self.stage.names.index(name))
        self.stage.postprocess_pe(name)
        self.note.waiting()
        self.stage.clock.enter("waiting")

    def _feed(self, channel: int, items: list[Any]) -> None:
        entry, stage = self.task.entries[channel], self.stage
        before = stage.counts().get(entry.pe, 0) if entry.mixed else self.taken[entry.pe]
        self.note.taking(channel, before)
        stage.feed(channel, items)
        self.taken[entry.pe] += len(items)
        self.note.waiting()
        stage.clock.enter("waiting")

    def _take(self) -> tuple[int, Any]:
        return self._next()[:2]

    def _next(self) -> tuple[int, list[Any] | Packed | None, Head | None]:
        clock, passing = self.stage.clock, self.stage.passing
        clock.enter("held" if passing.holds else "waiting")
        try:
            return self.task.inbox.next(lambda: clock.enter("unpacking"), passing.packed)
        except RunFailed as error:
            raise RunFailed(f"{self.task}: {error}") from error

    def _unpacked(self, packed: Packed) -> list[Any]:
        before = self.stage.clock.enter("unpacking")
        try:
            return unpack_parcel(packed)
        except RunFailed as error:
            raise RunFailed(f"{self.task}: {error}") from error
        finally:
            self.stage.clock.enter(before)

    def _flush(self, news: bool = True) -> None:
        for sender in self.senders.values():
            sender.flush(news)


def _side_by_side(runs: list[_Instance]) -> None:
    """Several instances in one process: a thread each, so that none keeps another from its inbox."""
    failed = threading.Event()
    left = threading.Semaphore(0)

    def one(run: _Instance) -> None:
        try:
            run.run()
        except BaseException as error:
            run.failure = error
            failed.set()
        finally:
            left.release()

    for run in runs:
        threading.Thread(target=one, args=(run,), daemon=True).start()
    for _ in runs:
        left.acquire()
        if failed.is_set():
            raise next(run.failure for run in runs if run.failure is not None)


def _nanoseconds(seconds: float) -> int:
    return max(0, round(1e9 * seconds))


class _Speaker:
    """What a worker tells its parent; called from several threads."""

    def __init__(self, control: Any) -> None:
        self._control, self._lock = control, threading.Lock()

    def __call__(self, what: str, message: Any) -> None:
        with self._lock:
            try:
                self._control.send((what, message))
            except OSError:
                os._exit(1)  # the parent is gone


def _die_with_parent(lifeline: Any, spool: str) -> None:
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        if "D4P_SPOOL" not in os.environ:  # the program would have done that; else it is its caller's
            shutil.rmtree(spool, ignore_errors=True)
        os.killpg(0, signal.SIGKILL)  # with what the PEs started
