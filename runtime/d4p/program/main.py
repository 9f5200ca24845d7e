"""A compiled program from its start to its exit status, and one run of it from the first check to the summary."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from d4p.commit.unwritten import Unwritten, check_asked
from d4p.describe.boundary import kind, plain
from d4p.describe.failure import at_source
from d4p.describe.printable import complain, echo, open_streams, printable
from d4p.errors import D4pError, Refused, RunFailed, SaidElsewhere
from d4p.filesystems import reads, use_default
from d4p.graph.core import is_reader
from d4p.host import keeper, keeping
from d4p.host.lines import own_streams
from d4p.host.runfolder import RunFolder
from d4p.host.signals import Interrupts
from d4p.host.threads import one_each
from d4p.program import leaving
from d4p.program.engine import Engine
from d4p.program.events import Events, clock
from d4p.program.failures import MISSING, ended, failures, left_out, told
from d4p.program.job import Job
from d4p.program.options import parser
from d4p.program.recorder import Unrecorded, recorder
from d4p.program.saying import be_quiet, say
from d4p.program.summary import account, of_reports, of_results, shown_results
from d4p.stage import written_out
from d4p.stage.depth import FRAMES
from d4p.stage.function import StageInfo
from d4p.workflow.inputs import Inputs, read_inputs
from d4p.workflow.results import Results, Spool
from d4p.workflow.workflow import Workflow, unconnected

if TYPE_CHECKING:
    from d4p.commit.run import Outputs
    from d4p.stage.policed import Failures


def start(main: Callable, workflow: Workflow, engine: Engine) -> None:
    """Run a compiled program and exit: 0 done, 1 it failed, 2 it was refused before it began, 3 done but for items that
    were left out (0 where a launcher would take that for a failure), 130 interrupted."""
    open_streams()
    events = Events()
    sys.setrecursionlimit(max(sys.getrecursionlimit(), FRAMES))
    if engine.a_core_each:
        one_each()
    if mark := int(os.environ.pop(keeping.MARK, 0)):
        keeper.wear(mark)
    try:
        with _saying(events), engine.entered(main, workflow, events) as left, _saying(events):
            arguments = parser(sys.modules[main.__module__].__doc__ or "").parse_args()
            with _alone(mark, left):
                missing = run(main, workflow, engine, arguments, events)
                leaving.wait("the run")
            if missing and engine.tells_missing():
                sys.exit(MISSING)
    except SystemExit as end:
        if end.code:
            leaving.leave(end.code if isinstance(end.code, int) else 1)
        raise


@contextmanager
def _alone(mark: int, left: Iterable[str]) -> Iterator[None]:
    """What PEs have started and left ends with this. A program that nobody has started who would keep it has a folder
    and a keeper of its own, who sees to what else is `left`."""
    if mark:
        mine = os.getpid()
        try:
            yield
        finally:
            if os.getpid() == mine:  # and not a fork of a PE's that comes out here
                keeper.end_own()
        return
    with RunFolder() as folder:
        keeper.wear(folder.mark)
        folder.keep(left)
        os.environ["D4P_SCRATCH"] = folder.name
        yield


@contextmanager
def _saying(events: Events) -> Iterator[None]:
    """Say what ends the program, and exit."""
    try:
        yield
    except KeyboardInterrupt:
        events.say("interrupted")
        complain("interrupted")
        sys.exit(130)
    except Exception as error:
        known = plain(error)
        if known is None:
            raise
        if not isinstance(known, SaidElsewhere):
            say_failed(known, events)
        sys.exit(known.exit_status)


def say_failed(error: D4pError, events: Events) -> None:
    """Say an error that is meant for the user, as an event and on stderr."""
    message = at_source(printable(error), os.path.dirname(os.path.abspath(sys.argv[0])))
    events.say("failed", message=message, status=error.exit_status)
    with suppress(RunFailed):  # it can't be written, and something went wrong before
        echo([])
    complain(f"{kind(error)}: {message}")


def run(main: Callable, workflow: Workflow, engine: Engine, arguments: argparse.Namespace, events: Events) -> int:
    """One run: check everything, execute, commit what was written, say what happened. Gives how many items were left
    out."""
    with Interrupts():
        return _run(main, workflow, engine, arguments, events)


def _run(main: Callable, workflow: Workflow, engine: Engine, arguments: argparse.Namespace, events: Events) -> int:
    seconds = clock()
    watched = arguments.resume and engine.watched
    if arguments.profiled and arguments.no_record:
        raise Refused("--profile writes into the run's record, and --no-record asks for none: give one of them")
    program = os.path.dirname(os.path.abspath(main.__globals__.get("__file__") or "job.py"))
    reads.start(watched, program)
    be_quiet(arguments.quiet)
    use_default(*engine.default_fs())
    if arguments.recover and engine.never_recovers:
        raise Refused(f"--recover makes no sense here: {engine.never_recovers}")
    check_asked(arguments.output, overwrite=arguments.overwrite, resume=arguments.resume)
    inputs = read_inputs(workflow, arguments.iterations, arguments.data, arguments.file, arguments.limit)
    workflow.writing = replace(workflow.writing, on_error=tuple(arguments.on_error or ()))
    workflow.check_policies()
    stages = [found for found in main.__globals__.values() if isinstance(getattr(found, "info", None), StageInfo)]
    written_out.check(stages, workflow.pes, workflow.policies)
    events.say("phase", what="looking for what there is to read")
    for pe in workflow.pes.values():
        if is_reader(pe):
            pe.check_input()
    kept = os.environ.get("D4P_SPOOL")
    outputs = _outputs(workflow, arguments, kept is not None, watched, program)
    judge, recording = _judge(workflow), Unrecorded()
    try:
        if not outputs.begin(lambda: _identity(main, workflow, inputs)):
            events.say("done", seconds=seconds(), missing=outputs.missing, failures={})
            say(f"note: {note}" for note in outputs.notes)
            say("nothing was run: an earlier run of the same plan on the same input wrote all there is to write")
            say(f"written: {path}" for path in outputs.written)
            say_missing(outputs.missing)
            return outputs.missing
        recording = recorder(not arguments.no_record, workflow, program, engine.name, outputs.run, seconds)
        say(f"note: {note}" for note in (*inputs.notes, *outputs.notes))
        if arguments.recover and engine.recovers_itself:
            say("note: Spark runs again what it has lost in any case; --recover changes nothing")
        events.say("record", folder=recording.folder)  # first, so that who hears it can close it
        recording.begin(arguments, inputs, outputs.written)
        workflow.writing = replace(outputs.writing(), log=recording.log, profile=arguments.profiled)
        with _spool_folder(kept) as folder:
            spool = Spool(folder)
            with outputs.beating():
                job = Job(workflow, inputs, spool, events, arguments.check, arguments.recover)
                job.recorder = recording
                with own_streams():
                    reports = engine.execute(job, main)
                job.say_run_again(reports)
                judge(reports)
                missing = left_out(reports)
                spool.close()
                job.phase("putting what was written in its place")
                outputs.commit(reports, missing)
            found = failures(reports)
            events.say("done", seconds=seconds(), missing=missing,
                       failures={name: asdict(mine) for name, mine in found.items()})
            if workflow.writing.spooled:
                results = of_results(Results(folder, unconnected(workflow)))
            else:
                results = of_reports(workflow, reports, _results(workflow))
            echo(shown_results(results))
            say(account(workflow, reports, outputs.written, seconds()))
            say(at_source(line, program) for line in told(found))
            say_missing(missing, found)
        recording.end(reports, missing=missing)
        return missing
    except BaseException as error:
        try:
            recording.end(error=error)
        finally:
            outputs.abort(plain(error) or error)
        raise


# What few runs need is imported where one does: it would be a good part of the time that a small program takes.


def _outputs(workflow: Workflow, arguments: argparse.Namespace, spooled: bool, watched: bool,
             program: str) -> Outputs | Unwritten:
    """What the run does about outputs; where PEs have policies, items that are set aside may be one."""
    writes = arguments.output is not None or any(hasattr(pe, "write_to") for pe in workflow.pes.values())
    if not writes and not workflow.policies:
        return Unwritten(workflow, resume=arguments.resume, spooled=spooled, program=program)
    from d4p.commit.run import Outputs

    return Outputs(workflow, arguments.output, _results(workflow), overwrite=arguments.overwrite,
                   resume=arguments.resume, spooled=spooled, watched=watched, program=program)


def _identity(main: Callable, workflow: Workflow, inputs: Inputs) -> dict[str, Any]:
    from d4p.commit.identity import identity

    return identity(main, workflow, inputs)


def _judge(workflow: Workflow) -> Callable[[list[dict[str, Any]]], None]:
    """What raises PeFailed where more items failed than policies let."""
    if not workflow.policies:
        return lambda reports: None
    from d4p.program.judged import judge  # before the run, which may be long: the runtime may be another after it

    return partial(judge, workflow)


def say_missing(count: int, found: Mapping[str, Failures] | None = None) -> None:
    """Say, also with --quiet, how many items a run that is done has left out."""
    if count:
        complain(ended((found or {}).values(), count))


def _results(workflow: Workflow) -> list[tuple[str, str]]:
    """`unconnected`, with names of the plan instead of ids."""
    return [(workflow.names[pe], port) for pe, port in unconnected(workflow)]


@contextmanager
def _spool_folder(kept: str | None) -> Iterator[str]:
    """Where results are kept: D4P_SPOOL if the caller wants to read them, else a folder that goes with the run.

    It is made in D4P_SCRATCH, the folder of the run, which goes also where the program is killed.
    """
    if kept:
        yield kept
        return
    scratch = os.environ.get("D4P_SCRATCH")
    if scratch:
        os.makedirs(scratch, exist_ok=True)
    temporary = tempfile.mkdtemp(prefix="d4p-results-", dir=scratch)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
