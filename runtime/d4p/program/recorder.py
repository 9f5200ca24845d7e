"""What a program's run leaves behind: its record, written by the driver while the run is on (`d4p help runs`)."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from d4p.describe.boundary import plain
from d4p.describe.failure import at_source
from d4p.errors import D4pError, SaidElsewhere
from d4p.graph.core import is_reader
from d4p.host import usage
from d4p.host.room import memory
from d4p.host.threads import cores
from d4p.program.events import Sampler
from d4p.program.failures import MISSING
from d4p.program.saying import say
from d4p.program.totals import Report, sample, totals
from d4p.record import record as its
from d4p.record.masked import masked, text, words
from d4p.record.masked import program as masked_program
from d4p.record.opened import record_in
from d4p.record.place import runs_folder
from d4p.record.revision import revision
from d4p.record.samples import Samples
from d4p.version import __version__
from d4p.workflow.inputs import Inputs
from d4p.workflow.workflow import Workflow

#: Packages whose versions a record has, where the driver has imported them.
_PACKAGES = ("numpy", "pyarrow", "pyspark", "mpi4py", "obspy", "scipy")
#: Files of a program that are kept with a record, if they lie there.
_PROGRAM, _PLAN = ("job.py", "plan.txt"), "plan.json"
#: Characters of what ended a run that are kept.
_MESSAGE = 20_000


class Unrecorded:
    """A run that leaves no record."""

    log = ""
    folder = ""

    def begin(self, arguments: argparse.Namespace, inputs: Inputs, outputs: Iterable[str]) -> None:
        """The run begins."""

    def read(self, inputs: Inputs) -> None:
        """The splits of readers are planned."""

    def width(self, width: int) -> None:
        """How many things the run may do at once."""

    def phase(self, what: str) -> None:
        """The run does something else from now on; "" where items move."""

    @property
    def due(self) -> bool:
        """Whether it is time to `take` what the instances have done."""
        return False

    def take(self, reports: list[Report]) -> None:
        """What the instances have done so far."""

    def spark(self, stages: list[dict[str, Any]]) -> None:
        """What Spark says of its own stages."""

    def spark_connect(self) -> None:
        """Spark is behind Spark Connect, which says nothing of its stages."""

    def end(self, reports: list[Report] | None = None, error: BaseException | None = None, missing: int = 0) -> None:
        """The run is over: all is done, but for items that policies have left out, or an error ends it."""


class Recorder(Unrecorded):
    """Writes the record of a run.

    Args:
        program: the folder of the program.
        target: what the engine is called.
        run: the run's id, that of its outputs.
        seconds: gives the seconds since the run began.
    """

    def __init__(self, workflow: Workflow, program: str, target: str, run: str, seconds: Callable[[], float]) -> None:
        self.record = record_in(runs_folder(), run, lambda reason: say(f"note: {reason}"))
        self.folder, self.log = self.record.place, str(self.record.folder / its.LOG)
        self._workflow, self._program, self._target, self._seconds = workflow, program, target, seconds
        self._phases: list[dict[str, Any]] = []
        self._phase, self._since = "starting", 0.0
        self._reports: list[Report] = []
        self._spark: list[dict[str, Any]] = []
        self._samples = Samples()
        self._lock = threading.Lock()
        self._beats, self._beaten = Sampler(self._beat, its.LOOKED_AT_EVERY), 0.0
        self._wrote = 0.0  # seconds that it took

    def begin(self, arguments: argparse.Namespace, inputs: Inputs, outputs: Iterable[str]) -> None:
        workflow, plan = self._workflow, self._plan()
        source = os.environ.get("D4P_SOURCE") or self._program
        options = {name: given for name, given in vars(arguments).items() if given not in (None, False)}
        for name in ("data", "iterations", "limit"):  # they are among the inputs
            options.pop(name, None)
        self.record.begin(
            workflow=workflow.source, name=plan.get("workflow") or workflow.source.partition(":")[0],
            fingerprint=workflow.fingerprint, target=self._target, asked=plan.get("width"),
            parameters=masked("", workflow.parameters or {}), inputs=masked("", inputs.given), limit=inputs.limit,
            options=masked("", options), command=words(sys.argv), folder=os.getcwd(), source=source,
            git=revision(source), user=_user(), host=platform.node(), process=os.getpid(), d4p=__version__,
            python=platform.python_version(),
            machine={"system": _system(), "cores": cores(), "memory": memory()},
            outputs=[text(path) for path in outputs], program=self.record.program(self._texts()),
        )  # fmt: skip
        if plan:
            self.record.put(its.PLAN, {"version": its.VERSION, **plan})
        self._beats.__enter__()

    def _plan(self) -> dict[str, Any]:
        """The plan that lies beside the program, if it is this workflow's."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            found = json.loads((Path(self._program) / _PLAN).read_text(encoding="utf-8"))
            if found["fingerprint"] == self._workflow.fingerprint:
                return found
        return {}

    def _texts(self) -> dict[str, str]:
        found = {}
        for name in _PROGRAM:
            with suppress(OSError, ValueError):
                said = (Path(self._program) / name).read_text(encoding="utf-8")
                found[name] = masked_program(said) if name.endswith(".py") else said
        return found

    def read(self, inputs: Inputs) -> None:
        found = []
        for name, pe in self._workflow.pes.items():
            with suppress(Exception):  # a reader of the user's may say anything of its files
                files = pe.input_files() if is_reader(pe) else ()
                found += [{"pe": name, "path": text(str(path)), "size": size, "changed": changed}
                          for path, size, changed in files]
        self.record.lines(its.INPUTS, found)
        self.record.run["splits"] = {name: len(splits) for name, splits in inputs.splits.items()}

    def width(self, width: int) -> None:
        self.record.run["width"] = self.record.run.get("asked") or width  # -n comes before what the engine has

    def phase(self, what: str) -> None:
        with self._lock:
            self._phases, self._phase, self._since = self._so_far(), what, self._seconds()

    def _so_far(self) -> list[dict[str, Any]]:
        """What the run was at, one after the other, and for how long."""
        took = round(self._seconds() - self._since, 6)
        return [*self._phases, {"what": self._phase or "running", "seconds": took}]

    @property
    def due(self) -> bool:
        return self._samples.due(self._seconds())

    def take(self, reports: list[Report]) -> None:
        with self._lock:
            self._reports = reports
            self._samples.add(self._seconds(), sample(reports))

    def spark(self, stages: list[dict[str, Any]]) -> None:
        with self._lock:
            self._spark = stages

    def spark_connect(self) -> None:
        self.record.run["spark_connect"] = True

    def _beat(self) -> None:
        """Say what is known so far, when it is time for a sign of life or somebody looks on."""
        with self._lock:
            since = self._seconds() - self._beaten
            due = since >= its.ALIVE_EVERY or (since >= self._wrote * its.SELDOM and self.record.looked_at)
            if due and self.record.run["state"] == its.RUNNING:
                self._beaten = self._seconds()
                self._figures()
                self.record.update()
                self._wrote = self._seconds() - self._beaten

    def _figures(self) -> None:
        self.record.put(its.SUMMARY, {
            "version": its.VERSION, "seconds": round(self._seconds(), 6), "phases": self._so_far(),
            "driver": {"cpu": round(sum(os.times()[:4]), 3), **usage.usage()},
            **totals(self._workflow, self._reports), **({"spark": self._spark} if self._spark else {}),
        })  # fmt: skip
        self.record.lines(its.SAMPLES, self._samples.all)

    def end(self, reports: list[Report] | None = None, error: BaseException | None = None, missing: int = 0) -> None:
        with self._lock:
            self._reports = self._reports if reports is None else reports
            with suppress(D4pError):  # a workflow that can't be imported here has no figures either
                self._figures()
            if error is not None:
                self.record.failed(_cause(error, self._program))
            versions = {name: getattr(sys.modules[name], "__version__", None) for name in _PACKAGES
                        if name in sys.modules}
            self.record.update(**_ending(error, missing, self._program), missing=missing, ended=its.now(),
                               versions=versions, seconds=round(self._seconds(), 3))
        self._beats.__exit__(error)
        self.record.leave()


def recorder(wanted: bool, workflow: Workflow, program: str, target: str, run: str,
             seconds: Callable[[], float]) -> Unrecorded:
    """What records a run, if that is wanted and there is a place for it."""
    if not wanted:
        return Unrecorded()
    return Recorder(workflow, program, target, run, seconds)


def _ending(error: BaseException | None, missing: int, program: str) -> dict[str, Any]:
    if error is None:
        return {"state": its.DONE, "exit_status": MISSING if missing else 0, "cause": None}
    if isinstance(error, KeyboardInterrupt):
        return {"state": its.INTERRUPTED, "exit_status": 130, "cause": _cause(error, program)}
    known = plain(error) if isinstance(error, Exception) else None
    return {"state": its.FAILED, "exit_status": known.exit_status if known else 1,
            "cause": _cause(error, program)}


def _cause(error: BaseException, program: str) -> dict[str, Any]:
    """What ended a run: the error's kind and message, whose files are the user's own and not a program's copies, and of
    a PE's own its name, instance and item."""
    if isinstance(error, SaidElsewhere) and error.__cause__ is not None:
        error = error.__cause__
    said = (plain(error) if isinstance(error, Exception) else None) or error
    message = at_source(str(said) or type(error).__name__, program)
    found = {"kind": type(error).__name__, "message": text(message, _MESSAGE)}
    return found | {name: getattr(error, name) for name in ("pe", "instance", "item") if hasattr(error, name)}


def _system() -> str:
    """What `platform.platform()` says, which starts a program to learn of the processor, and doesn't say it."""
    system, _, release, _, machine = os.uname()
    with suppress(ValueError, OSError):  # another C library than GNU's, or none that tells
        if library := os.confstr("CS_GNU_LIBC_VERSION"):
            return f"{system}-{release}-{machine}-with-{library.replace(' ', '')}"
    return f"{system}-{release}-{machine}"


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # nobody here has this number
        return None
