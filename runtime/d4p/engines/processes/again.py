"""An instance that can be started again: its PEs keep no state, and work in a process beside this one.

This process has all else of the instance: what comes to it, what it sends on and writes, and the order of it. It asks
the other one (`d4p.engines.processes.hand`) to work on a batch, and takes what the PEs wrote for that when all of it is
done; so where that process dies, another is started and does the batch, and nothing is missing or there twice. Of a
root or a reader, which may write very much for an item or a split, it takes what is written as it comes; where that is
done again it leaves out as many items as it has taken before.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, cast

from d4p.describe.ended import how
from d4p.engines.declared import Declared
from d4p.engines.postmortem.lost import own_lines
from d4p.engines.postmortem.notes import Notes
from d4p.engines.processes.hand import CALL, DONE, END, FAILED, FEED, work
from d4p.engines.processes.seen import Seen
from d4p.errors import WorkerLost
from d4p.graph.copies import held
from d4p.graph.core import is_reader, makes_pairs
from d4p.items.packing import pack, unpack
from d4p.outputs.instance import InstanceOutputs
from d4p.places.held import Held, Kept
from d4p.places.passing import Numbered
from d4p.program.saying import say
from d4p.stage.function import StageFunction
from d4p.stage.instance import Stage
from d4p.stage.outlet import Put
from d4p.stage.policed import Failures
from d4p.workflow.workflow import Workflow

#: A process that died is started again for the same items so many times.
MOST = 3
#: Seconds after which is looked whether a process still lives that says nothing, and that one has to end.
_LOOK, _GRACE = 0.3, 2.0
#: Of so many bytes that are written for a batch the first part is put where there is room for more.
_MUCH = 16 << 20
#: One process is started at a time, so that none inherits what another one is to close.
_starting = threading.Lock()


def why_not(stage: Declared, workflow: Workflow, limited: bool) -> str:
    """Why the instances of a stage can't be started again where they die; "" where they can.

    Args:
        stage: as the program declares it.
        workflow: has its PEs.
        limited: whether roots may write so many items only.
    """
    pes = {name: workflow.pes[name] for name in stage.function.info.pes}
    kinds = (
        ("keeps state", stage.state),
        ("writes a file that can't be gone on with",
         [name for name, pe in pes.items() if hasattr(pe, "write_to") and getattr(pe, "taker", None) is None]),
        ("has a policy for items that don't fit its file",
         [name for name, pe in pes.items() if name in workflow.policies and not getattr(pe, "appends", True)]),
        ("makes pairs of all that has come", [name for name, pe in pes.items() if makes_pairs(pe)]),
        ("holds what can't be copied", [name for name, pe in pes.items() if held(pe)]),
        ("may write so many items only", [name for name in workflow.roots() if limited and name in pes]),
    )
    return "; ".join(f"{', '.join(names)} {what}" for what, names in kinds if names)


class _Died(Exception):
    """The process is no more; says how it ended."""


@dataclass(frozen=True)
class Hand:
    """Who does the work.

    Attributes:
        context: of multiprocessing.
        function: of the stage.
        spool: the folder of the run's results.
        notes, which: where is noted what the instance is at.
        where: says what that is, in words.
        beside: how many worker processes the run has on this machine.
    """

    context: Any
    function: StageFunction
    spool: str
    notes: Notes
    which: int
    where: Callable[[], str]
    beside: int


@dataclass
class _Begun:
    """What is done only in part: how many items were taken of what it writes."""

    taken: int = 0


class _Process:
    """One process that does the work, until it is no more."""

    def __init__(self, hand: Hand, stage: Stage, workflow: Any, before: dict[str, int]) -> None:
        self.preprocessed: set[str] = set()
        with _starting:
            asked, self._asks = hand.context.Pipe(duplex=False)
            self._answers, answers = hand.context.Pipe(duplex=False)
            self._process = hand.context.Process(
                target=work,
                args=(hand.function, stage.index, stage.instances, workflow, hand.spool, hand.notes, hand.which, asked,
                      answers, (self._asks, self._answers) if hand.context.get_start_method() == "fork" else (),
                      os.getpid(), before, hand.beside),
            )
            self._process.start()
            asked.close()
            answers.close()

    def ask(self, what: int, key: Any, content: Any) -> Iterator[tuple[int, Any]]:
        """What it answers, the last of which is that it is done or has failed. Raises _Died."""
        try:
            self._asks.send((what, key, content))
            answer = None
            while answer != DONE and answer != FAILED:
                answer, found = self._heard()
                yield answer, found
        except (EOFError, OSError):
            raise _Died(how(self._ended())) from None

    def _heard(self) -> tuple[int, Any]:
        answers: Connection = self._answers
        while not answers.poll(_LOOK):
            if not self._process.is_alive() and not answers.poll():
                raise EOFError
        return answers.recv()

    def end(self) -> None:
        """Have it end."""
        try:
            self._asks.send((END, None, None))
        except OSError:
            pass
        self._ended(_GRACE)

    def _ended(self, grace: float = _LOOK) -> int | None:
        """How it ended, once it has had some seconds to do so."""
        self._process.join(grace)
        status = self._process.exitcode
        if status is None:
            self._process.kill()
            self._process.join()
        self._asks.close()
        self._answers.close()
        return status


class _Outputs:
    """The outputs of an instance, of which each that `hand.Written` has is told of in the same order."""

    def __init__(self, inner: InstanceOutputs, told: Callable[[Put], Put], guard: Callable[..., None]) -> None:
        self._inner, self._told, self._guard = inner, told, guard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def writer(self, name: str, pe: Any) -> None:
        self._inner.writer(name, pe)
        if hasattr(pe, "write_to"):
            self._told(pe.taker if pe.appends else partial(self._guard, pe.taker, at=(name, "as it wrote")))

    def letters(self, name: str, more: dict[str, Any]) -> Put:
        return self._told(self._inner.letters(name, more))


class Again(Stage):
    """A `Stage` whose PEs work in another process."""

    def __init__(self, hand: Hand, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._hand = hand
        self._process: _Process | None = None
        self._puts: list[Put] = []  # by output, in the order in which `hand.Written` has them
        self._preprocessed: list[str] = []
        self._told: dict[str, int] = {}  # items received, in processes that are no more, too
        self._seen = Seen()
        self._failures: dict[str, Failures] = {}
        self._failures_now: dict[str, Failures] = {}
        self._held = Held(hand.spool, _MUCH)
        self._outputs = cast(Any, _Outputs(self._outputs, self._output, self._guard))

    # What generated code calls

    def take(self) -> tuple[Any, ...]:
        pes = super().take()
        for pe in pes:
            if is_reader(pe):
                cast(Any, pe).read = lambda split: iter((split,))  # it is read where the work is done
        self.clock.beside = lambda: self._seen.cpu
        return pes

    def to(self, channel: Any) -> Put:
        return self._output(super().to(channel))

    def result(self, pe: Any, port: str) -> Put:
        return self._output(super().result(pe, port))

    def _output(self, put: Put) -> Put:
        self._puts.append(put)
        return put

    def ready(self, *arguments: Any, **more: Any) -> Stage:
        super().ready(*arguments, **more)
        self.counts = lambda: dict(self._told)
        self._told = dict.fromkeys(self.names, 0)
        return self

    # What an engine calls

    def report(self) -> dict[str, Any]:
        """That of a stage, with what the processes have told."""
        found = super().report()
        for name, mine in [*self._failures.items(), *self._failures_now.items()]:
            found["failures"].setdefault(name, Failures()).add(mine)
        found["figures"] |= self._seen.figures()
        return found

    def preprocess_pe(self, name: str) -> None:
        self._begin_preprocess(name)
        before = self.clock.enter("preprocess")
        self._as_writer(name, "preprocess")
        self._do(CALL, name, "preprocess")
        self.clock.enter(before)
        self._preprocessed.append(name)

    def postprocess_pe(self, name: str) -> None:
        self._begin_postprocess(name)
        before = self.clock.enter("postprocess")
        self._do(CALL, name, "postprocess")
        self._as_writer(name, "postprocess")
        self.clock.enter(before)

    def feed(self, entry: int | str, items: Iterable[Any]) -> None:
        before = self.clock.enter("working")
        if isinstance(entry, str):
            for item in items:
                self._do(FEED, entry, pack([item]), as_it_comes=True)
        else:
            self._do(FEED, entry, pack(items.items if isinstance(items, Numbered) else list(items)), items)
        self.clock.enter(before)

    def finish(self) -> None:
        if self._process is not None:
            self._process.end()
        super().finish()

    def _as_writer(self, name: str, method: str) -> None:
        """The file of a writer is here."""
        pe = self._pe(name)
        if hasattr(pe, "write_to"):
            self._guard(getattr(pe, method), at=(name, method))

    def _do(self, what: int, key: Any, content: Any, items: Iterable[Any] = (), as_it_comes: bool = False) -> None:
        """Have something done, and done again where a process dies at it."""
        number, tries, begun = self.at[0], 0, _Begun()
        while True:
            try:
                answers = self._working().ask(what, key, content)
                if as_it_comes:
                    self._take_as_it_comes(answers, begun)
                else:
                    self._take(answers, items)
                return
            except _Died as died:
                tries += 1
                self._lost(str(died), tries)
                self.at[0] = number

    def _working(self) -> _Process:
        """The process, which is started where there is none."""
        if self._process is None:
            self._process = _Process(self._hand, self, self._workflow, self.counts())
            for name in self._preprocessed:  # what it writes there was written before
                for answer in self._process.ask(CALL, name, "preprocess"):
                    self._ended_well(answer)
        return self._process

    def _ended_well(self, answer: tuple[int, Any]) -> bool:
        """Whether an answer is that all is done. Raises what it failed with."""
        what, found = answer
        if what == FAILED:
            raise found
        if what == DONE:
            self._told, self._failures_now, figures = found
            self._seen.now(figures)
        return what == DONE

    def _take(self, answers: Iterator[tuple[int, Any]], items: Iterable[Any]) -> None:
        """Take what was written, once all is done; with each of the `items` that it was written for the places of what
        is sent go on."""
        kept: list[tuple[list[int], list[int], Kept]] = []
        try:
            for answer in answers:
                if not self._ended_well(answer):
                    numbers, outputs, packed = answer[1]
                    kept.append((numbers, outputs, self._held.put([packed])))
        except BaseException:
            for *_, held in kept:
                self._held.get(held)
            raise
        steps, at = iter(items), -1
        for numbers, outputs, held in kept:
            for number, output, item in zip(numbers, outputs, unpack(*self._held.get(held)), strict=True):
                while at < number:
                    next(steps, None)
                    at += 1
                self._puts[output](item)
        for _ in steps:
            pass

    def _take_as_it_comes(self, answers: Iterator[tuple[int, Any]], begun: _Begun) -> None:
        """Take what is written, but for what was taken before."""
        before = begun.taken
        for answer in answers:
            if not self._ended_well(answer):
                _, outputs, packed = answer[1]
                for output, item in zip(outputs, unpack(packed), strict=True):
                    if before:
                        before -= 1
                        continue
                    self._puts[output](item)
                    begun.taken += 1

    def _lost(self, ended: str, tries: int) -> None:
        """The process is no more. Raises WorkerLost where it has died too often."""
        self._process = None
        self._seen.lost()
        for name, mine in self._failures_now.items():
            self._failures.setdefault(name, Failures()).add(mine)
        self._failures_now = {}
        said = f"a worker process {ended}: it held {self._hand.where()}"
        if tries > MOST:
            raise WorkerLost("\n".join(filter(None, (
                said, own_lines(self._hand.notes.fault()),
                f"It was started again {MOST} times, and died each time. Where an item is at fault, `isolate = True` "
                "and a policy for the PE have it cost that item alone (d4p help failures)"))))
        say(f"note: {said}. It is started again, and what it hadn't done is done again")
