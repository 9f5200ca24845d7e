"""One instance of a stage as a Spark task: batches in, batches out, whatever carries them."""

from __future__ import annotations

import base64
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from d4p.describe.failure import PeFailed
from d4p.describe.tracebacks import error_text
from d4p.engines.spark import disks
from d4p.engines.spark.logs import Address, Lines
from d4p.engines.spark.outbox import Key, Outbox, until_full
from d4p.engines.spark.places import in_order
from d4p.engines.spark.readers import Source
from d4p.errors import D4pError, Refused, RunFailed, WorkerLost
from d4p.filesystems import default, use_default
from d4p.host import scratch, signals
from d4p.host.threads import THREADS, threads_of, use_threads
from d4p.items.packing import unpack
from d4p.items.shape import parsed
from d4p.places.marks import Numbers
from d4p.program.events import Events
from d4p.program.job import Job
from d4p.stage import stdin
from d4p.stage.channel import Channel
from d4p.stage.depth import FRAMES
from d4p.stage.figures import Clock
from d4p.stage.function import StageFunction
from d4p.stage.inhand import looking
from d4p.stage.instance import Stage
from d4p.workflow.inputs import Inputs
from d4p.workflow.results import Spool
from d4p.workflow.workflow import Workflow

#: Marks a failure of ours in what Spark says about a failed task.
MARK = "d4p-failed:"
_KINDS = {kind.__name__: kind for kind in (Refused, RunFailed, WorkerLost)}
#: Items of a batch that are fed between two looks at what is ready: at first, and twice as many each time it is little.
_FEW = 32
#: What a task is given to hand its report to.
Report = Callable[[tuple[int, int], dict[str, Any]], None]


@dataclass(frozen=True)
class Aggregated:
    """What the engine made of some items that were on their way to an aggregate PE."""

    count: int
    values: tuple


class Task:
    """The instances of a stage: `run(index, ...)` is the life of one, from `preprocess` to its report.

    Args:
        function: the generated `stage_<n>`.
        instances: how many there are.
        to: the instances of the consumer of each of the stage's channels.
        root: the reader whose items are what arrives; else batches of channels arrive, or nothing.
        source: how the items of `root` are made. What Spark itself reads may be other items of an instance in another
            run.
        forms: of channels whose batches aren't packed, how they are made (see `Outbox`).
        aggregate: the PE whose work the engine does; `Aggregated` of its channels may arrive.
        log_to: where the program takes what PEs log.
        apart: reports travel among batches, and figures, which differ from run to run, where lines go.
    """

    def __init__(self, function: StageFunction, workflow: Workflow, inputs: Inputs, instances: int,
                 to: Mapping[Channel, int], root: str | None, source: Source | None = None,
                 forms: Mapping[int, Callable] | None = None, aggregate: str | None = None,
                 log_to: Address | None = None, apart: bool = False) -> None:
        self.function, self.workflow, self.log_to, self.apart = function, workflow, log_to, apart
        self.inputs = inputs.planned(workflow, [name for name in function.info.pes if name != root])
        self.instances, self.root = instances, root
        self.to = {channel.number: consumers for channel, consumers in to.items()}
        self.items: Any = source.items if source else None
        self.native = source is not None and source.native
        self.default_fs = default()
        self.forms, self.aggregate = forms or {}, aggregate

    @property
    def title(self) -> str:
        """`stage <number>: <pes>`, as in the plan."""
        return f"stage {self.function.info.number}: {self.function.info.title}"

    def run(self, index: int, arriving: Iterable[Any], report: Report) -> Iterator[tuple[Key, Any]]:
        """Give the batches that an instance sends; `arriving` are (channel, batch), or what the
        items of `root` are made from.

        Raises RuntimeError with a marked message: `unmarked` makes the error of it again on the driver.
        """
        lines = Lines((self.function.info.number, index), self.log_to)

        def told(key: tuple[int, int], found: dict[str, Any]) -> None:
            if self.apart:
                lines.figures(found.pop("figures"))
            report(key, found | lines.report())

        try:
            yield from self._run(index, arriving, told, lines.log)
        except D4pError as error:
            raise RuntimeError(marked(lines.with_failure(error))) from None
        except Exception as error:
            failed = RunFailed(f"{self._where(index)}: {error_text(error)}\n{traceback.format_exc()}")
            raise RuntimeError(marked(lines.with_failure(failed))) from None

    def _run(self, index: int, arriving: Iterable[Any], report: Report,
             log: Callable[[str], None]) -> Iterator[tuple[Key, Any]]:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), FRAMES))
        use_default(*self.default_fs)
        scratch.use(disks.folder())
        signals.unblock()
        stdin.refuse("Spark's workers have none")
        use_threads(threads_of(os.environ.get(THREADS, "")))
        job = Job(self.workflow, self.inputs, _NoSpool(), Events())
        outbox = Outbox(index, self.to, self.forms)
        results = iter(range(1 << 30))
        stage = Stage(
            self.workflow, self.function.info, index, lanes=outbox.channel, log=log,
            instances=self.instances, repeatable=not self.native,
            spool=lambda name, port: outbox.result(self.workflow.pes[name].id, str(port), next(results)),
        )
        self.function(stage)
        if stage.kept():
            stage.clock.stop()
            report((stage.number, index), stage.report())
            return
        stage.clock.alone()
        with looking(lambda: [stage], self.workflow.writing):
            yield from self._live(stage, index, arriving, job, outbox)
        report((stage.number, index), {**stage.report(), "once": outbox.once()})

    def _live(self, stage: Stage, index: int, arriving: Iterable[Any], job: Job,
              outbox: Outbox) -> Iterator[tuple[Key, Any]]:
        clock = stage.clock
        stage.preprocess()
        clock.enter("working")
        for root in self._roots(stage):
            yield from _feed(stage, root, job.feed(stage, root, self.instances), outbox)
        if self.root is not None:
            reader = stage.pes[stage.names.index(self.root)]
            if stage.tells_places:
                self.items.begin = stage.begin_split
            yield from _feed(stage, self.root, self.items(reader, arriving), outbox)
        elif any(isinstance(entry, int) for entry in stage.entries):
            unpacked = partial(self._unpacked, index=index, clock=clock)
            for channel, place, batch in clock.waiting(in_order(arriving, unpacked)):
                if place:
                    way, at, numbers = place
                    stage.passing.at(way, at)
                    yield from _feed_batch(stage, channel, batch, outbox, numbers)
                elif isinstance(batch, Aggregated):
                    assert self.aggregate is not None
                    stage.take_in(self.aggregate, batch.count, batch.values)
                else:
                    yield from _feed_batch(stage, channel, unpacked(batch), outbox)
        stage.postprocess()
        stage.finish()
        outbox.flush()
        yield from clock.handing(outbox.drain())
        clock.stop()

    def _unpacked(self, batch: Any, index: int, clock: Clock) -> list[Any]:
        before = clock.enter("unpacking")
        try:
            return unpack(batch)
        except RunFailed as error:
            raise RunFailed(f"{self._where(index)}: {error}") from error
        finally:
            clock.enter(before)

    def _where(self, index: int) -> str:
        return f"{self.function.info}, instance {index}"

    def _roots(self, stage: Stage) -> list[str]:
        return [name for name in self.workflow.roots() if name in stage.names and name != self.root]


def _feed(stage: Stage, entry: int | str, items: Iterable[Any], outbox: Outbox) -> Iterator[Any]:
    """Feed items, handing over batches as they get ready."""
    rest = iter(items)
    for first in rest:
        stage.feed(entry, until_full(first, rest, outbox))
        yield from stage.clock.handing(outbox.drain())


def _feed_batch(stage: Stage, entry: int | str, items: list[Any], outbox: Outbox, numbers: Numbers = (),
                ) -> Iterator[Any]:
    """The same for items that are all here, with numbers, if they have some: a few at a time."""
    start, most = 0, _FEW
    while start < len(items):
        few = slice(start, start + most)
        stage.feed(entry, stage.passing.numbered(numbers[few], items[few]))
        start, most = few.stop, 2 * most
        if outbox.full:
            yield from stage.clock.handing(outbox.drain())
            most = _FEW


class _NoSpool(Spool):
    """A task's results travel as batches."""

    def __init__(self) -> None:
        pass


def marked(error: D4pError) -> str:
    """An error as text that survives the way through Spark."""
    about = [type(error).__name__, str(error), getattr(error, "pe", ""), getattr(error, "instance", 0),
             getattr(error, "item", 0)]  # fmt: skip
    return f"{MARK}{base64.b64encode(json.dumps(about).encode()).decode()}:"


def unmarked(text: str) -> D4pError | None:
    """The error in what Spark said, if there is one of ours. Data may be among those words: they are only looked at."""
    start = text.find(MARK)
    if start < 0:
        return None
    try:
        about = parsed(base64.b64decode(text[start + len(MARK):].split(":", 1)[0]))
    except ValueError:  # cut short on its way: what is left of Spark's words must do
        return None
    if not isinstance(about, list) or [*map(type, about)] != [str, str, str, int, int]:
        return None
    kind, message, *whose = about
    return PeFailed(message, *whose) if kind == PeFailed.__name__ else _KINDS.get(kind, RunFailed)(message)
