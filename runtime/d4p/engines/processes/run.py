"""The parent of the workers: starts them, watches them, and ends all of them if one fails."""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import wait
from typing import Any

from d4p.describe.ended import how
from d4p.engines.declared import Declared, Stages, entries
from d4p.engines.postmortem.lost import own_lines, several, where
from d4p.engines.postmortem.notes import Notes
from d4p.engines.processes.arena import SharedFile
from d4p.engines.processes.board import Board, Row
from d4p.engines.processes.cyclic import COMMANDS, command_parcel
from d4p.engines.processes.limits import enough_files
from d4p.engines.processes.pipes import Inbox
from d4p.engines.processes.store import Store
from d4p.engines.processes.turns import Turns
from d4p.engines.processes.worker import Task, work
from d4p.engines.quiescence import Command, Coordinator, StatusReport
from d4p.errors import D4pError, RunFailed, WorkerLost
from d4p.host import keeper
from d4p.host.lines import write_line
from d4p.host.signals import ENDS
from d4p.host.threads import cores
from d4p.pairs.grid import tiles
from d4p.program.job import Job
from d4p.program.saying import say
from d4p.stage.channel import Channel
from d4p.stage.exchange import RoundRobin
from d4p.stage.function import StageFunction

#: More instances than this share processes, a thread each.
MOST_PROCESSES = 64
#: Seconds that workers have to end, and after which is looked whether one ended that can't be heard to.
_GRACE, _LOOK = 0.5, 0.3
#: Of so many stages that can't be started again is said why, before anything has happened.
_SAID = 5


class Run:
    """What the `main` of a program for processes works with."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.width = cores()
        job.recorder.width(self.width)
        self.tiles = tiles(self.width)
        self._stages = Stages()
        self._to_close: list[SharedFile | Store | Turns | Board] = []

    def stage(self, function: StageFunction, instances: int, takes: Sequence[Channel] = (),
              sends: Sequence[Channel] = (), state: Sequence[str] = ()) -> None:
        """Declare a stage: how many instances it has, the channels it takes its items from, those it sends on, and its
        PEs that keep state."""
        self._stages.declare(function, instances, takes, sends, state)

    def go(self) -> list[dict[str, Any]]:
        """Start a worker for each instance and wait for all; gives a report for each instance."""
        context = multiprocessing.get_context(_start_method())
        self._import_early()
        with enough_files(self._stages.count):
            tasks = self._tasks(context)
            return self._run(context, tasks)

    def _import_early(self) -> None:
        """Import what workers of this run need and those of others don't: once, before they are forked."""
        workflow, needed = self.job.workflow, []
        if workflow.policies or workflow.isolated:
            needed.append("d4p.stage.on_error")
        if workflow.isolated:
            needed.append("d4p.stage.isolated")
        if any(channel.places for stage in self._stages.all for channel in stage.takes):
            needed.append("d4p.places.passing")
        for module in needed:
            importlib.import_module(module)

    def _run(self, context: Any, tasks: list[Task]) -> list[dict[str, Any]]:
        commands = _Commands(self.job, tasks) if tasks[0].cyclic else None
        never = {}
        if self.job.recover:
            never = {stage.function.info.number: why for stage in self._stages.all if (why := self._why_not(stage))}
            say(_said_of(never))
        shares = _shares(tasks)
        workers = _Workers(self.job, context, commands, never, len(shares))
        try:
            self.job.phase(f"starting {len(shares)} workers")
            gc.freeze()  # modules stay: neither a worker nor the end of the program looks at all of their objects again
            for share in shares:
                workers.start(share)
            self.job.phase("")
            return workers.watch()
        finally:
            workers.end()
            for each in self._to_close:
                each.close()

    def _tasks(self, context: Any) -> list[Task]:
        sections, stages = itertools.count(), self._stages
        cyclic = stages.cyclic  # then commands come to roots too
        shared = SharedFile(sum(s.instances for s in stages.all if s.takes or cyclic))
        store = Store(context)
        inboxes: dict[int, list[Any]] = {
            s.first: [Inbox(context, shared, next(sections), store) if s.takes or cyclic else None
                      for _ in range(s.instances)]
            for s in stages.all
        }
        entered = entries(stages.all, self.job.workflow)
        turns = {s.first: {name: Turns(context, s.instances, self.width) for name in s.function.info.pes
                           if getattr(self.job.workflow.pes[name], "in_turns", False)} for s in stages.all}
        rows, merges, board = {}, itertools.count(), Board()
        again = {s.first: context.get_start_method() if self.job.recover and not self._why_not(s) else ""
                 for s in stages.all}
        if not cyclic:
            rows = self._rows(context, board)
        self._to_close = [shared, store, board, *(each for mine in turns.values() for each in mine.values())]
        return [
            Task(s.function, index, s.instances, inboxes[s.first][index],
                 sum(stages.producer[channel.number].instances for channel in s.takes),
                 {channel.number: inboxes[stages.consumer[channel.number].first] for channel in s.sends},
                 {channel.number: entered[channel.number] for channel in s.takes}, cyclic,
                 {channel.number: stages.producer[channel.number].instances for channel in s.takes if channel.merges},
                 turns[s.first], rows, next(merges) if any(channel.merges for channel in s.takes) else -1,
                 again[s.first])
            for s in stages.all
            for index in range(s.instances)
        ]

    def _why_not(self, stage: Declared) -> str:
        """Why instances of a stage can't be started again; "" where they can."""
        if self._stages.cyclic:
            return "the workflow has a cycle, and what goes round in it is known to nobody else"
        from d4p.engines.processes.again import why_not  # here, since it is asked with --recover alone

        return why_not(stage, self.job.workflow, self.job.inputs.limit is not None)

    def _rows(self, context: Any, board: Board) -> dict[int, Row]:
        """The rows of channels that one instance deals runs on, or whose items merges put in order."""
        merges = sum(s.instances for s in self._stages.all if any(channel.merges for channel in s.takes))
        rows = {}
        for stage in self._stages.all:
            for channel in stage.sends:
                runs = isinstance(channel.exchange, RoundRobin) and channel.exchange.runs and stage.instances == 1
                consumers = self._stages.consumer[channel.number].instances if runs else 0
                if consumers or channel.merges:
                    rows[channel.number] = board.row(context, consumers, merges if channel.merges else 0)
        return rows


def _said_of(never: dict[int, str]) -> list[str]:
    """What is said beforehand of the stages that --recover can't start again, by their number why; of the first."""
    said = [f"note: --recover can't start stage {number} again where it dies: {why}" for number, why in never.items()]
    rest = len(said) - _SAID
    return said if rest <= 0 else [*said[:_SAID], f"note: nor {rest} more"]


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Signals wait, also in a worker that is forked here, until that has handlers of its own (see `work`)."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_method() -> str:
    """fork where it is safe and cheap, spawn elsewhere; D4P_START_METHOD decides otherwise.

    A fork loses all threads but one, and what they were to do is never done: where the workflow's module, or one that
    it imports, has started some, each worker imports it anew and has its own.
    """
    given = os.environ.get("D4P_START_METHOD")
    if given or sys.platform != "linux":
        return given or "spawn"
    main = threading.main_thread()
    others = [each.name for each in threading.enumerate() if each is not main and not each.name.startswith("d4p")]
    if not others:
        return "fork"
    write_line(f"note: each worker imports the workflow anew, since threads that it started are running "
               f"({', '.join(others[:3])}{', ...' if len(others) > 3 else ''}), which a fork would lose", sys.stdout)
    return "spawn"


def _shares(tasks: list[Task]) -> list[list[Task]]:
    count = min(len(tasks), MOST_PROCESSES)
    return [tasks[i::count] for i in range(count)]


class _Workers:
    """The worker processes and what they say."""

    def __init__(self, job: Job, context: Any, commands: _Commands | None, never: dict[int, str], count: int
                 ) -> None:
        self.job, self.context, self.commands = job, context, commands
        self.count = count  # of workers
        self.never = never  # why a stage's instances can't be started again, by its number, where that is wanted
        self.notes: dict[Any, Notes] = {}
        self.processes: dict[Any, tuple[Any, list[Task]]] = {}
        self.reports: dict[Any, list[dict[str, Any]]] = {}
        self.lifelines: list[Any] = []

    def start(self, tasks: list[Task]) -> None:
        control, theirs = self.context.Pipe(duplex=False)
        lifeline, mine = self.context.Pipe(duplex=False)
        self.lifelines.append(mine)
        notes = Notes(len(tasks))
        others = list(self.lifelines) if self.context.get_start_method() == "fork" else []
        process = self.context.Process(
            target=work,
            args=(len(self.lifelines), tasks, self.job.workflow, self.job.inputs, str(self.job.spool.folder), notes,
                  theirs, lifeline, others, self.count),
            name="d4p " + ", ".join(f"stage {t.function.info.number} [{t.index}]" for t in tasks[:3]),
        )
        with _held_back():
            process.start()
        theirs.close()
        lifeline.close()
        self.processes[control] = (process, tasks)
        self.notes[control] = notes

    def watch(self) -> list[dict[str, Any]]:
        """Wait for all workers. Raises what the first one that failed said, or RunFailed naming one that died."""
        open_controls = set(self.processes)
        finished: set[Any] = set()
        while open_controls:
            said = False
            ready: list[Any] = wait(open_controls, timeout=_LOOK)
            for control in ready:
                try:
                    what, message = control.recv()
                except (EOFError, OSError):
                    open_controls.discard(control)
                    if control not in finished:
                        raise self._died(control) from None
                    continue
                if what == "failed":
                    raise message if isinstance(message, D4pError) else RunFailed(str(message))
                if what == "status" and self.commands is not None:
                    self.commands.take(*message)
                    continue
                self.reports[control] = message
                said = True
                if what == "done":
                    finished.add(control)
            if self.commands:
                self.commands.send()
            for control in list(open_controls):
                if not self.processes[control][0].is_alive() and not control.poll():
                    if control not in finished:
                        raise self._died(control)
                    open_controls.discard(control)  # a process that it started still holds its end of the pipe
            if said:
                so_far = [report for reports in self.reports.values() for report in reports]
                self.job.progress(so_far)
                if failed := self.job.too_many(so_far):
                    raise failed
        return [report for control in self.processes for report in self.reports[control]]

    def _died(self, control: Any) -> WorkerLost:
        process, tasks = self.processes[control]
        process.join(_GRACE)
        notes = self.notes[control]
        at = [f"{task}, {where(note, task.function.info.pes, task.entries)}"
              for task, note in zip(tasks, notes.read(), strict=True)]
        lines = own_lines(notes.fault()) if process.exitcode is not None and process.exitcode < 0 else ""
        message = f"a worker process {how(process.exitcode)}: it held {several(at)}"
        return WorkerLost("\n".join(filter(None, [message, lines, *self._why_never(tasks)])))

    def _why_never(self, tasks: list[Task]) -> Iterable[str]:
        """Where workers are to be started again, why one with such tasks isn't."""
        keeps = "this was the process that keeps its items, beside the one in which its PEs work"
        why = {task.function.info.number: keeps for task in tasks if task.again} | self.never
        numbers = dict.fromkeys(task.function.info.number for task in tasks)
        return [f"--recover can't start stage {number} again: {why[number]}" for number in numbers if number in why]

    def end(self) -> None:
        """Leave no worker behind."""
        for process, _ in self.processes.values():
            if process.is_alive():
                process.terminate()
        last = time.monotonic() + _GRACE
        for process, _ in self.processes.values():
            process.join(max(0.0, last - time.monotonic()))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what the PEs started
            process.join()
        members = range(1, len(self.lifelines) + 1)
        for each in (*self.lifelines, *self.notes.values()):
            each.close()  # first, since the keeper opens files, and there may be no more
        if mark := keeper.worn():
            keeper.end(mark, members)


class _Commands:
    """What the coordinator of a run with cycles has to say, on its way to the instances."""

    def __init__(self, job: Job, tasks: list[Task]) -> None:
        by_key = {(task.function.info.number, task.index): task for task in tasks}
        self.inboxes: dict[Any, Any] = {key: task.inbox for key, task in by_key.items()}
        pes = {key: task.function.info.pes for key, task in by_key.items()}
        self.coordinator = Coordinator(pes, job.workflow.postprocess_order)
        self.unsent: list[tuple[Any, Command]] = []

    def take(self, instance: Any, report: StatusReport) -> None:
        """Hand what an instance reports to the coordinator, and send its commands."""
        self.unsent += self.coordinator.take(instance, report)
        self.send()

    def send(self) -> None:
        """Send what is unsent. An inbox without room is tried again: we don't wait for a worker that may be dead."""
        self.unsent = [(instance, command) for instance, command in self.unsent
                       if not self.inboxes[instance].offer(COMMANDS, command_parcel(command))]


def execute(job: Job, main: Callable[[Run], None]) -> list[dict[str, Any]]:
    """Run a program's `main`."""
    job.plan_splits()
    run = Run(job)
    main(run)
    return run.go()
