"""The sequential engine, the living definition of what a workflow means: every item is driven to the sinks
before the next.

What an edge leads back waits in line, first in, first out, until all else is processed; what comes of an item of a root
that way is processed before that root's next item.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from d4p.describe.failure import pack_for
from d4p.engines.declared import Stages
from d4p.items.packing import ATOMS, unpack
from d4p.program.engine import Engine
from d4p.program.events import Sampler
from d4p.program.job import Job
from d4p.stage import stdin
from d4p.stage.channel import Channel
from d4p.stage.depth import Trampoline
from d4p.stage.function import StageFunction
from d4p.stage.inhand import looking
from d4p.stage.instance import Stage

if TYPE_CHECKING:
    from d4p.engines.line import Line
    from d4p.stage.outlet import Lanes
    from d4p.stage.sampled import Sampled


class Run:
    """What the `main` of a sequential program works with."""

    width = tiles = 1

    def __init__(self, job: Job) -> None:
        self.job = job
        job.recorder.width(self.width)
        self._stages = Stages()
        self._consumers: dict[int, list[Stage]] = {}  # the instances that take the items of a channel
        self._trampoline = Trampoline()
        self._sampled: list[Sampled] = []
        self._kept: set[int] = set()  # instances whose output is there from an earlier run

    def stage(self, function: StageFunction, instances: int, takes: Sequence[Channel] = (),
              sends: Sequence[Channel] = (), state: Sequence[str] = ()) -> None:
        """Declare a stage: how many instances it has, the channels it takes its items from, those it sends on, and its
        PEs that keep state."""
        self._stages.declare(function, instances, takes, sends, state)

    def go(self) -> list[dict[str, Any]]:
        """Run all stages; gives a report for each instance."""
        job, stages = self.job, []
        for declared in self._stages.all:
            made: list[Stage] = []
            self._consumers |= dict.fromkeys((channel.number for channel in declared.takes), made)
            for index in range(declared.instances):
                stage = Stage(job.workflow, declared.function.info, index, lanes=self._lanes, spool=job.spooler(index),
                              log=job.log, instances=declared.instances, checker=job.checker,
                              trampoline=self._trampoline)
                made.append(declared.function(stage))
            stages += made
        running = [stage for stage in stages if not stage.kept(self._stages.cyclic)]
        self._kept = set(map(id, stages)) - set(map(id, running))
        of = {name: [s for s in running if name in s.names] for name in job.workflow.order}
        job.phase("")
        with Sampler(lambda: job.progress(stage.report() for stage in stages)), \
                looking(lambda: stages, job.workflow.writing):
            for name in reversed(job.workflow.order):
                for stage in of[name]:
                    stage.preprocess_pe(name)
            self._go_round()
            for stage in stages:
                stage.clock.enter("waiting")
            for name in job.workflow.roots():
                self._feed(name, of[name])
            for name in job.workflow.postprocess_order:
                for stage in of[name]:
                    stage.postprocess_pe(name)
                    self._go_round()
            for stage in running:
                stage.finish()
            for stage in stages:
                stage.clock.enter("waiting")
            if self._sampled:
                from d4p.stage.sampled import share_out

                share_out(self._sampled)
            for stage in stages:
                stage.clock.stop()
        if job.checker is not None:
            job.checker.finish()
        return [stage.report() for stage in stages]

    def _feed(self, root: str, stages: list[Stage]) -> None:
        for stage in stages:
            items = self.job.feed(stage, root, stage.instances)
            stage.feed(root, self._one_by_one(items) if self._stages.cyclic else items)
            self._go_round()  # of the last item, where a limit ended in the middle of it

    def _one_by_one(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            yield item
            self._go_round()

    def _go_round(self) -> None:
        """Process what edges led back, and all that comes of it."""
        while self._stages.cyclic and self._line:
            number, dest, items = self._line.get()
            self._consumers[number][dest].feed(number, items)

    @cached_property
    def _line(self) -> Line:
        from d4p.engines.line import Line  # here, since few workflows have a cycle

        return Line(self.job.spool.folder)

    def _lanes(self, channel: Channel) -> Lanes:
        from d4p.stage.outlet import Lanes  # here, since a program of one stage has none
        from d4p.stage.sampled import Sampled

        number, edge = channel.number, channel.edge
        reached = channel.exchange.spread(self._stages.consumer[channel.number].instances)

        takers: dict[int, Callable[[Iterable[Any]], None]] = {}  # of the consumer's instances, as they are needed

        def taker(dest: int) -> Callable[[Iterable[Any]], None]:
            consumer = self._consumers[number][dest]
            takers[dest] = consumer.taker(number) if id(consumer) not in self._kept else lambda items: None
            return takers[dest]

        def deliver(parcel: tuple[int, list[Any], int]) -> None:
            dest, items, weight = parcel
            take = takers.get(dest) or taker(dest)
            if not weight:
                take(items)
                return
            began = time.perf_counter()
            take(items)
            sampled.worked(self._consumers[number][dest].clock, (time.perf_counter() - began) * weight)

        def send_back(lane: int) -> None:
            items = made.held[lane]
            for dest in reached[lane]:
                self._line.put(number, dest, edge, items)
            items.clear()

        bounded = self._trampoline.bounded(deliver)
        count, due = 0, 1

        def send(lane: int) -> None:
            nonlocal count, due
            items = made.held[lane]
            count += 1
            if count >= due:
                due = timed(items, lane)
                return
            if len(items) == 1 and type(items[0]) in ATOMS:  # as in `copies`, whose call would take a third of a hop
                item = items.pop()
                for dest in reached[lane]:
                    bounded((dest, [item], 0))
                return
            for dest, copy in zip(reached[lane], copies(items, lane), strict=True):
                bounded((dest, copy, 0))

        def copies(items: list[Any], lane: int) -> list[list[Any]]:
            """What waits in a lane, for each whom it reaches: as other engines send it, so that what one changes nobody
            else sees. The lane is empty then."""
            if len(items) == 1 and type(items[0]) in ATOMS:  # which nobody can change
                item = items.pop()
                return [[item] for _ in reached[lane]]
            packed = pack_for(edge, items)
            items.clear()
            return [unpack(packed) for _ in reached[lane]]

        def timed(items: list[Any], lane: int) -> int:
            """The same, timed; gives which call is to be timed next."""
            began, mine = time.perf_counter(), count
            weight = sampled.weight(mine)
            found = copies(items, lane)
            sampled.packed((time.perf_counter() - began) * weight)
            for dest, copy in zip(reached[lane], found, strict=True):
                bounded((dest, copy, weight))
            return sampled.next(mine, time.perf_counter() - began)

        made = Lanes(len(reached), send_back if channel.back else send)
        sampled = Sampled(made)
        self._sampled.append(sampled)
        return made


def execute(job: Job, main: Callable[[Run], None]) -> list[dict[str, Any]]:
    """Run a sequential program's `main`."""
    job.plan_splits()
    gc.freeze()  # modules stay: neither a run nor the end of the program looks at all of their objects again
    run = Run(job)
    main(run)
    with stdin.lent(str(job.spool.folder)):
        return run.go()


ENGINE = Engine("sequential", execute, watched=True, never_recovers="the program is one process, and nobody is left "
                "where that dies; a PE with `isolate = True` has a process of its own, whose end costs an item and not "
                "the run (d4p help failures)")
