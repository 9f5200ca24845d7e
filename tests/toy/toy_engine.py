"""An engine in fifty lines: the stages one after the other, and between them lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from d4p.describe.failure import pack_for
from d4p.engines.declared import Declared, Stages
from d4p.items.packing import unpack
from d4p.pairs.grid import tiles
from d4p.program.engine import Engine
from d4p.program.job import Job
from d4p.stage.channel import Channel
from d4p.stage.function import StageFunction
from d4p.stage.instance import Stage
from d4p.stage.outlet import Lanes


class Run:
    """What the `main` of a program works with."""

    width, tiles = 3, tiles(3)

    def __init__(self, job: Job) -> None:
        self.job, self._stages = job, Stages()
        self._waiting: dict[tuple[int, int], list[Any]] = {}  # by channel and the consumer's instance

    def stage(self, function: StageFunction, instances: int, takes: Sequence[Channel],
              sends: Sequence[Channel]) -> None:
        self._stages.declare(function, instances, takes, sends)

    def go(self) -> Iterator[dict[str, Any]]:
        for declared in self._stages.all:
            for index in range(declared.instances):
                yield self._instance(declared, index)

    def _instance(self, declared: Declared, index: int) -> dict[str, Any]:
        job, instances = self.job, declared.instances
        stage = Stage(job.workflow, declared.function.info, index, lanes=self._lanes, spool=job.spooler(index),
                      log=job.log, instances=instances)
        declared.function(stage)
        stage.preprocess()
        for root in job.workflow.roots():
            if root in stage.names:
                stage.feed(root, job.feed(stage, root, instances))
        for channel in declared.takes:
            stage.feed(channel.number, self._waiting.pop((channel.number, index), []))
        stage.postprocess()
        stage.finish()
        return stage.report()

    def _lanes(self, channel: Channel) -> Lanes:
        reached = channel.exchange.spread(self._stages.consumer[channel.number].instances)

        def send(lane: int) -> None:
            packed = pack_for(channel.edge, lanes.held[lane])
            lanes.held[lane].clear()
            for dest in reached[lane]:
                self._waiting.setdefault((channel.number, dest), []).extend(unpack(packed))

        lanes = Lanes(len(reached), send)
        return lanes


def execute(job: Job, main: Callable[[Run], None]) -> list[dict[str, Any]]:
    """Run a program's `main`."""
    job.plan_splits()
    run = Run(job)
    main(run)
    return list(run.go())


ENGINE = Engine("toy", execute, watched=True)
