"""The process that does the work of an instance that can be started again, for `d4p.engines.processes.again`.

It has the stage's PEs and nothing else of the run: no channel, no output. What it is asked comes over one pipe, and
what the PEs write for that goes back over another, so nobody misses anything where it is killed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from d4p.describe.failure import PeFailed
from d4p.engines.postmortem.notes import Notes
from d4p.engines.processes.seen import seen
from d4p.errors import D4pError
from d4p.graph.core import is_reader
from d4p.host import scratch
from d4p.host.lines import own_streams
from d4p.host.signals import ENDS
from d4p.host.threads import use_threads
from d4p.items.packing import Uncopyable, pack, unpack
from d4p.items.size import roughly
from d4p.program.events import Events
from d4p.program.job import Job
from d4p.stage.depth import FRAMES
from d4p.stage.function import StageFunction
from d4p.stage.inhand import looking
from d4p.stage.instance import Stage
from d4p.stage.outlet import Put
from d4p.workflow.inputs import Inputs
from d4p.workflow.results import Spool
from d4p.workflow.workflow import Workflow

#: What is asked: to run a PE's method that takes no item, to take items of a channel or root, to end.
CALL, FEED, END = range(3)
#: What is answered: what was written so far, that all is done, that it failed.
WRITTEN, DONE, FAILED = range(3)
#: What is written goes back when it is so many items, or about so many bytes.
_ITEMS, _BYTES = 4096, 256 << 10
_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG


class Written:
    """What the PEs have written and nobody has been told of: for each item the number of the item it was written for,
    from 0 in what was asked last, and which of the stage's outputs took it."""

    def __init__(self, give: Callable[[Any], None]) -> None:
        self._give = give
        self.names: list[str] = []
        self.item = 0
        self._for: list[int] = []
        self._outputs: list[int] = []
        self._items: list[Any] = []
        self._size = 0

    def output(self, name: str) -> Put:
        """The function that takes what is written to the next output, called that in messages."""
        output = len(self.names)
        self.names.append(name)
        numbers, outputs, items = self._for, self._outputs, self._items

        def put(item: Any) -> None:
            numbers.append(self.item)
            outputs.append(output)
            items.append(item)
            self._size += roughly(item)
            if len(items) >= _ITEMS or self._size >= _BYTES:
                self.flush()

        return put

    def flush(self) -> None:
        """Tell all of it."""
        if self._items:
            try:
                packed = pack(self._items)
            except Uncopyable as error:
                raise PeFailed(f"{self._at_fault()}: {error}") from None
            self._give((WRITTEN, (self._for[:], self._outputs[:], packed)))
            self.drop()

    def _at_fault(self) -> str:
        for output, item in zip(self._outputs, self._items, strict=True):
            try:
                pack([item])
            except Uncopyable:
                return self.names[output]
        return self.names[self._outputs[0]]

    def drop(self) -> None:
        """Forget it."""
        for each in (self._for, self._outputs, self._items):
            each.clear()
        self._size = 0

    def each(self, items: Iterable[Any]) -> Iterator[Any]:
        """Items, with each of which what is written is for the next one."""
        for self.item, item in enumerate(items):  # noqa: B020
            yield item


class _Outputs:
    """In the place of an instance's outputs, which are elsewhere."""

    def __init__(self, written: Written) -> None:
        self._written = written

    def writer(self, name: str, pe: Any) -> None:
        """A writer appends to its file there."""
        if hasattr(pe, "write_to"):
            pe.write_elsewhere(self._written.output(name))

    def letters(self, name: str, more: dict[str, Any]) -> Put:
        put = self._written.output(f"what {name} failed at")
        return lambda letter: put(letter | more)

    def report(self) -> dict[str, Any]:
        return {}


class _Stage(Stage):
    """A stage whose outputs are `written`."""

    def __init__(self, written: Written, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, lanes=None, spool=None, **more)
        self._written_out = written
        self._outputs: Any = _Outputs(written)
        self.before: dict[str, int] = {}

    def to(self, channel: Any) -> Put:
        return self._written_out.output(channel.edge)

    def result(self, pe: Any, port: str) -> Put:
        return self._written_out.output(f"{self._name(pe)}.{port}")

    def ready(self, *arguments: Any, **more: Any) -> Stage:
        super().ready(*arguments, **more)
        counts, before = self.counts, self.before
        self.counts = lambda: {name: count + before.get(name, 0) for name, count in counts().items()}
        return self


def work(function: StageFunction, index: int, instances: int, workflow: Workflow, spool: str, notes: Notes, which: int,
         asked: Connection, answers: Connection, others: tuple[Connection, ...], parent: int,
         before: dict[str, int], beside: int) -> None:
    """The main function of the process.

    Args:
        function, index, instances: the instance.
        notes, which: where it notes what it is at.
        others: the parent's ends of the pipes.
        before: how many items the instance's PEs had received before this process was started.
        beside: how many worker processes the run has, each of which may have one like this.
    """
    _end_with(parent)
    for each in others:
        each.close()
    scratch.use(spool)
    use_threads(1)
    notes.catch_faults()
    sys.setrecursionlimit(max(sys.getrecursionlimit(), FRAMES))
    log = Job(workflow, Inputs({}), Spool(spool), Events()).log
    written = Written(answers.send)
    made = _Stage(written, workflow, function.info, index, log=log, instances=instances, at=notes.of(which).number)
    made.before = before
    try:
        stage = function(made)
        made.clock.alone()
        with own_streams(), looking(lambda: [stage], workflow.writing, beside):
            _answer(stage, written, asked, answers)
    except (EOFError, BrokenPipeError):
        pass
    except D4pError as error:
        answers.send((FAILED, error))
    made.end_isolated()
    sys.stdout.flush()


def _end_with(parent: int) -> None:
    """Nobody takes what it does once its parent is gone, and a PE that is at work for long wouldn't see that."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _answer(stage: Stage, written: Written, asked: Connection, answers: Connection) -> None:
    """Do what is asked, one after the other, until nothing more is to be done."""
    while True:
        what, key, content = asked.recv()
        if what == END:
            return
        written.item = 0
        try:
            _do(stage, written, what, key, content)
            written.flush()
        except D4pError as error:
            written.drop()
            answers.send((FAILED, error))
        else:
            report = stage.report()
            answers.send((DONE, (report["received"], report["failures"], seen(report))))


def _do(stage: Stage, written: Written, what: int, key: Any, content: Any) -> None:
    if what == CALL:
        (stage.preprocess_pe if content == "preprocess" else stage.postprocess_pe)(key)
        return
    items = unpack(content)
    reader: Any = stage._pe(key) if isinstance(key, str) else None
    if reader is not None and is_reader(reader):
        (split,) = items
        stage.feed(key, reader.read(split))
    else:
        stage.feed(key, written.each(items))
