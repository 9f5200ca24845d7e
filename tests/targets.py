"""Run a workflow on a target, the same way for every target, and compare answers as multisets."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from typing import Any
from unittest import mock

import d4p_compile
from d4p.items.packing import dumps_json
from d4p.program import main as program
from d4p.program.events import Events
from d4p.workflow.results import Results
from d4p.workflow.workflow import unconnected
from d4p_compile.bundle.temporary import temporary_bundle

#: What programs that can run in this process call their engine.
ENGINES = {"sequential": "sequential", "spark-rdd": "spark_rdd", "spark-df": "spark_df"}
TARGETS = ("sequential", "processes", "mpi", "spark-rdd", "spark-df")


def on_spark(target: str) -> bool:
    """Whether a target's programs need a Spark session."""
    return target in ("spark-rdd", "spark-df")


class Answers(dict):
    """What a run answered, and `failures`: what policies took care of, by PE."""

    failures: dict[str, dict[str, Any]]


class _Done(Events):
    """Keeps what the last event of a run says."""

    last: dict[str, Any] = {}

    def say(self, event: str, **what: Any) -> None:
        super().say(event, **what)
        self.last = what


def answers(workflow: Any, target: str, *, width: int | None = None, inputs: Any = None, session: Any = None,
            options: list[str] = (), own_process: bool | None = None, **more: Any) -> Answers:
    """`{(PE id, port): multiset of items}`. A Spark program runs in the session at hand, unless it is to have a process
    of its own; others run as users run them, but for a sequential one where `own_process` is False: in this process,
    which is sooner."""
    if not own_process and (on_spark(target) or target == "sequential" and own_process is False):
        assert session is not None or not on_spark(target), "ask for the fixture spark_session"
        found = _here(workflow, target, width, inputs, options, **more)
    else:
        found = d4p_compile.run(workflow, target, width, inputs=inputs, options=options, **more)
    return _counted(found)


def listed(workflow: Any, target: str, width: int | None = None, **more: Any) -> dict[tuple[str, str], list]:
    """`{(PE id, port): items}` as they came; of a sequential program that runs in this process, which is sooner."""
    found = _here(workflow, target, width, None, **more) if target == "sequential" else \
        d4p_compile.run(workflow, target, width, **more)
    return {key: list(items) for key, items in found.items()}


def definition(workflow: Any, *, width: int | None = None, **more: Any) -> dict[tuple[str, str], Counter]:
    """What the sequential program answers, as `answers` gives it; the program runs in this process, which is sooner."""
    return _counted(_here(workflow, "sequential", width, None, **more))


def canonical(item: Any) -> str:
    """A text that equal items share."""
    return dumps_json(item)


def _counted(found: Results) -> Answers:
    counted = Answers({key: Counter(canonical(item) for item in items) for key, items in found.items()})
    counted.failures = found.failures
    return counted


def _here(workflow: Any, target: str, width: int | None, inputs: Any, options: list[str] = (),
          **more: Any) -> Results:
    """Run a program in this process; a Spark program finds the session that is there."""
    source = d4p_compile.load(workflow, more.pop("attribute", None), more.pop("parameters", None))
    events = more.pop("events", None) or _Done()
    plan = d4p_compile.plan(source, target, width, **more)
    bundle, holder = temporary_bundle(source.loaded, plan)
    spool = tempfile.TemporaryDirectory(prefix="d4p-test-")
    with holder, mock.patch.dict(os.environ, D4P_SPOOL=spool.name):
        names: dict[str, Any] = {"__name__": "a_compiled_program", "__file__": str(bundle.script)}
        exec(compile(bundle.script.read_text(), str(bundle.script), "exec"), names)
        arguments = program.parser("").parse_args([*_options(inputs), *options])
        program.run(names["main"], names["workflow"], names[ENGINES[plan.target]].ENGINE, arguments, events)
        results = Results(spool.name, unconnected(names["workflow"]))
        results.spool = spool  # goes with them
        results.failures = events.last.get("failures", {}) if isinstance(events, _Done) else {}
        return results


def _options(inputs: Any) -> list[str]:
    if inputs is None:
        return []
    return ["-d", json.dumps(inputs)] if isinstance(inputs, dict) else ["-i", str(inputs)]
