"""The parent of the workers: starts them, watches them, and ends all of them if one fails."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from d4p.errors import D4pError, RunFailed, WorkerLost
from d4p.job import Job
from d4p.processes.arena import SharedFile
from d4p.processes.pipes import Inbox
from d4p.processes.worker import Task, work

#: More instances than this share processes, a thread each.
MOST_PROCESSES = 64
_GRACE = 0.5


@dataclass
class _Declared:
    function: Callable
    instances: int
    to: dict[int, int]
    inputs: list[int]


class Run:
    """What the `main` of a program for processes works with."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.width = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._stages: list[_Declared] = []
        self._shared: SharedFile | None = None

    def stage(self, function: Callable, instances: int, to: dict[int, int] | None = None,
              inputs: Iterable[int] = ()) -> None:
        """Declare a stage: its instances, the instances of the consumer of each of its channels (`to`), and the
        channels it takes its items from (`inputs`)."""
        self._stages.append(_Declared(function, instances, to or {}, list(inputs)))

    def go(self) -> list[dict[str, Any]]:
        """Start a worker for each instance and wait for all; gives a report for each instance."""
        context = multiprocessing.get_context(_start_method())
        tasks = self._tasks(context)
        workers = _Workers(self.job, context)
        try:
            for share in _shares(tasks):
                workers.start(share)
            return workers.watch()
        finally:
            workers.end()
            self._shared.close()

    def _tasks(self, context: Any) -> list[Task]:
        sections = itertools.count()
        self._shared = shared = SharedFile(sum(s.instances for s in self._stages if s.inputs))
        inboxes = {
            id(s): [Inbox(context, shared, next(sections)) if s.inputs else None for _ in range(s.instances)]
            for s in self._stages
        }
        consumer = {channel: s for s in self._stages for channel in s.inputs}
        producers = {channel: s.instances for s in self._stages for channel in s.to}
        return [
            Task(s.function, index, s.instances, inboxes[id(s)][index], sum(producers[c] for c in s.inputs),
                 {channel: inboxes[id(consumer[channel])] for channel in s.to})
            for s in self._stages
            for index in range(s.instances)
        ]


def _start_method() -> str:
    """fork where it is safe and cheap, spawn elsewhere; D4P_START_METHOD decides otherwise."""
    return os.environ.get("D4P_START_METHOD") or ("fork" if sys.platform == "linux" else "spawn")


def _shares(tasks: list[Task]) -> list[list[Task]]:
    count = min(len(tasks), MOST_PROCESSES)
    return [tasks[i::count] for i in range(count)]


class _Workers:
    """The worker processes and what they say."""

    def __init__(self, job: Job, context: Any) -> None:
        self.job, self.context = job, context
        self.processes: dict[Any, tuple[Any, list[Task]]] = {}
        self.reports: dict[Any, list[dict[str, Any]]] = {}
        self.lifelines: list[Any] = []

    def start(self, tasks: list[Task]) -> None:
        control, theirs = self.context.Pipe(duplex=False)
        lifeline, mine = self.context.Pipe(duplex=False)
        self.lifelines.append(mine)
        others = list(self.lifelines) if self.context.get_start_method() == "fork" else []
        process = self.context.Process(
            target=work,
            args=(tasks, self.job.workflow, self.job.inputs, str(self.job.spool.folder), theirs, lifeline, others),
            name="d4p " + ", ".join(f"stage {self.job.number(t.function)} [{t.index}]" for t in tasks[:3]),
        )
        process.start()
        theirs.close()
        lifeline.close()
        self.processes[control] = (process, tasks)

    def watch(self) -> list[dict[str, Any]]:
        """Wait for all workers. Raises what the first one that failed said, or RunFailed naming one that died."""
        open_controls = set(self.processes)
        finished: set[Any] = set()
        while open_controls:
            said = False
            for control in wait(open_controls, timeout=1):
                try:
                    what, message = control.recv()
                except (EOFError, OSError):
                    open_controls.discard(control)
                    if control not in finished:
                        raise self._died(control) from None
                    continue
                if what == "failed":
                    raise message if isinstance(message, D4pError) else RunFailed(str(message))
                self.reports[control] = message
                said = True
                if what == "done":
                    finished.add(control)
            for control in open_controls - finished:
                if not self.processes[control][0].is_alive() and not control.poll():
                    raise self._died(control)  # a process that it started may still hold its end of the pipe
            if said:
                self.job.progress(report for reports in self.reports.values() for report in reports)
        return [report for control in self.processes for report in self.reports[control]]

    def _died(self, control: Any) -> WorkerLost:
        process, tasks = self.processes[control]
        process.join(_GRACE)
        code = process.exitcode
        how = f"was killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"ended with {code}"
        reports = {(r["stage"], r["instance"]): r["received"] for r in self.reports.get(control, [])}
        where = []
        for task in tasks:
            number = self.job.number(task.function)
            counts = reports.get((number, task.index), {})
            seen = ", ".join(f"{name} had {count:,} items" for name, count in counts.items()) or "no item seen yet"
            where.append(f"stage {number} ({task.function.__doc__}), instance {task.index} ({seen})")
        return WorkerLost(f"a worker process {how}: it held {'; '.join(where)}")

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
        for lifeline in self.lifelines:
            lifeline.close()


def execute(job: Job, main: Callable[[Run], None]) -> list[dict[str, Any]]:
    """Run a program's `main`."""
    run = Run(job)
    main(run)
    return run.go()
