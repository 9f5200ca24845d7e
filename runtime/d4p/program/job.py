"""One run of a compiled program, as its engine sees it: inputs, results, progress, log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from d4p.describe.failure import PeFailed
from d4p.describe.printable import printable
from d4p.errors import RunFailed
from d4p.graph.core import is_reader
from d4p.host.lines import write_line
from d4p.program.events import Events
from d4p.program.recorder import Unrecorded
from d4p.program.saying import say
from d4p.record import log
from d4p.workflow.inputs import Inputs
from d4p.workflow.results import Spool
from d4p.workflow.workflow import Workflow, unconnected

if TYPE_CHECKING:
    from d4p.program.sofar import SoFar
    from d4p.stage.check import Checker


class Job:
    """What every engine needs and none does in its own way.

    Attributes:
        workflow: where the PEs come from.
        inputs: the items of the roots.
        spool: where results go.
        checker: with `--check` what looks after items that were written; else None.
        recover: with `--recover`: workers that die are to be started again.
        recorder: what the driver records the run with.
    """

    def __init__(self, workflow: Workflow, inputs: Inputs, spool: Spool, events: Events, check: bool = False,
                 recover: bool = False) -> None:
        self.workflow, self.inputs, self.spool, self._events = workflow, inputs, spool, events
        self.checker = _checker() if check else None
        self.recover = recover
        self.recorder = Unrecorded()
        self._said: set[str] = set()

    def plan_splits(self) -> None:
        """Plan what each instance of a reader reads; to be called once, before instances are started."""
        self.inputs = self.inputs.planned(self.workflow)
        self.recorder.read(self.inputs)

    @property
    def has_results(self) -> bool:
        """Whether some output is connected to nothing, and its items are to be spooled."""
        return self.workflow.writing.spooled and bool(unconnected(self.workflow))

    def feed(self, stage: Any, root: str, instances: int, begin: Callable[[], None] = lambda: None) -> Iterator[Any]:
        """The items of a root's instance: from the command line, or from its share of a reader's splits, before each of
        which `begin` is called."""
        pe = stage.pes[stage.names.index(root)]
        if is_reader(pe):
            limit, splits = self.inputs.limit, self.inputs.splits[root]
            share = share_of(splits, stage.index, instances, stage.reads_in_turn)
            read = stage.fed(root, pieces=len(share) if limit is None else None)

            def begin_split(number: int) -> None:
                stage.begin_split(number)
                begin()

            return read_splits(pe, stage.index, instances, limit, splits, begin_split, read, stage.reads_in_turn)
        items, most = self.inputs.items(root), self.inputs.limit
        if most is not None:
            return iter(stage.limited(root, items, most))
        stage.fed(root, items=self.inputs.count(root))
        return items

    def spooler(self, index: int) -> Callable[[str, str], Callable[[Any], None]]:
        """What a stage's instance calls for a result: (PE name, port) gives the function that takes an item."""
        return lambda name, port: self.spool.part(self.workflow.pes[name].id, str(port), index)

    def log(self, line: str) -> None:
        """A line that a PE logs."""
        write_line(printable(line), sys.stdout)
        if self.workflow.writing.log:
            log.append(self.workflow.writing.log, line)

    def progress(self, reports: Iterable[dict[str, Any]]) -> None:
        """Say how many items each PE has received so far, and how many it will have, where that is known."""
        if self.recorder.due:
            reports = list(reports)
            self.recorder.take(reports)
        if self.workflow.writing.resume:
            reports = list(reports)
            with suppress(RunFailed):  # stdout is gone: what is said at the end says so
                self.say_run_again(reports)
        if self._events.heard:
            self._events.say("progress", **self._so_far(reports))

    def too_many(self, reports: Iterable[dict[str, Any]]) -> PeFailed | None:
        """The failure of a run of which more items have failed so far than a policy lets, for engines that can stop
        one before its end."""
        if not self.workflow.policies:
            return None
        from d4p.program.judged import too_many_so_far  # here, since few programs have policies

        return too_many_so_far(self.workflow, reports)

    def say_run_again(self, reports: Iterable[dict[str, Any]]) -> None:
        """Say of which stages --resume keeps nothing, and why: each once, however many instances tell it."""
        for report in reports:
            if (again := report["again"]) and again not in self._said:
                self._said.add(again)
                say(f"note: --resume keeps nothing of {again}")

    @cached_property
    def _so_far(self) -> SoFar:
        from d4p.program.sofar import SoFar  # here, since few programs are listened to

        return SoFar(self.workflow)

    def phase(self, what: str) -> None:
        """Say what the run does, or waits for, where no items move: `starting Spark`; `""` where they do again."""
        self._events.say("phase", what=what)
        self.recorder.phase(what)

    def ranks(self, ranks: Iterable[dict[str, Any]]) -> None:
        """Say where ranks run and what they hold, for whoever hears of the death of one."""
        self._events.say("ranks", ranks=list(ranks))

    def stage_progress(self, name: str, done: int, total: int) -> None:
        """Say how many tasks of a stage are done, where the engine counts tasks; `name` is `stage <number>: <pes>`."""
        number, _, pes = name.removeprefix("stage ").partition(": ")
        self._events.say("stage", number=number, name=pes or name, done=done, total=total)


def _checker() -> Checker:
    from d4p.stage.check import Checker

    return Checker()


def share_of(splits: list[Any], index: int, instances: int, in_turn: bool = False) -> list[tuple[int, Any]]:
    """The splits that fall to one of a reader's instances, with their numbers: neighbours, or, where their items are
    put in order further on, and it makes no difference who reads them, `in_turn`, so that what is awaited there is read
    first."""
    numbered = list(enumerate(splits))
    if in_turn:
        return numbered[index::instances]
    return numbered[len(splits) * index // instances : len(splits) * (index + 1) // instances]


def read_splits(reader: Any, index: int, instances: int, limit: int | None, splits: list[Any],
                begin: Callable[[int], None] = lambda number: None, end: Callable[[], None] = lambda: None,
                in_turn: bool = False) -> Iterator[Any]:
    """The items of the splits that fall to one of a reader's instances.

    With a limit the first instance reads all there is to read. `begin` is called with the number of each split before
    it is read, `end` after."""
    if limit is not None:
        all_of_them = list(enumerate(splits)) if index == 0 else []
        return islice(_read(reader, all_of_them, begin, end), min(limit, sys.maxsize))
    return _read(reader, share_of(splits, index, instances, in_turn), begin, end)


def _read(reader: Any, splits: list[tuple[int, Any]], begin: Callable[[int], None],
          end: Callable[[], None]) -> Iterator[Any]:

    def each() -> Iterator[Iterator[Any]]:
        for number, split in splits:
            begin(number)
            reader._d4p_split = split
            yield reader.read(split)
            end()

    return chain.from_iterable(each())  # so that nothing of ours runs between two items
