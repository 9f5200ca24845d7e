"""Compiled programs as names to call: what `python job.py` runs, in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import d4p_compile
from d4p.events import Events
from d4p.inputs import read_inputs
from d4p.job import Job
from d4p.results import Results, Spool
from d4p.workflow import unconnected
from d4p_compile.api import temporary_bundle

WORKFLOWS = Path(__file__).parent / "workflows"


@contextmanager
def program(workflow: str, target: str, instances: int | None = None, **parameters: Any) -> Iterator[dict[str, Any]]:
    """The names of a compiled program of a function in `workflows/`, its `main` not yet run."""
    file, _, attribute = workflow.partition(":")
    source = d4p_compile.load(str(WORKFLOWS / file), attribute, parameters)
    bundle, folder = temporary_bundle(source.loaded, d4p_compile.plan(source, target, instances))
    with folder:
        names: dict[str, Any] = {"__name__": "a_compiled_program", "__file__": str(bundle.script)}
        exec(compile(bundle.script.read_text(), str(bundle.script), "exec"), names)
        yield names


def run(names: dict[str, Any], engine: Any, iterations: int | None = None) -> Results:
    """Run a program on its engine (a module of d4p with `execute`); the results are read before it comes back."""
    workflow = names["workflow"]
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder:
        spool = Spool(folder)
        engine.execute(Job(workflow, read_inputs(workflow, iterations, None, None), spool, Events()), names["main"])
        spool.close()
        return {key: list(items) for key, items in Results(folder, unconnected(workflow)).items()}
