"""Compiled programs as names to call: what `python job.py` runs, in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import d4p_compile
from d4p.program.events import Events
from d4p.program.main import run as run_program
from d4p.program.options import parser as program_options
from d4p.workflow.results import Results
from d4p.workflow.workflow import unconnected
from d4p_compile.bundle.temporary import temporary_bundle

WORKFLOWS = Path(__file__).parent / "workflows"


@contextmanager
def program(workflow: str, target: str, width: int | None = None, **parameters: Any) -> Iterator[dict[str, Any]]:
    """The names of a compiled program of a function in `workflows/`, its `main` not yet run."""
    file, _, attribute = workflow.partition(":")
    source = d4p_compile.load(str(WORKFLOWS / file), attribute, parameters)
    bundle, folder = temporary_bundle(source.loaded, d4p_compile.plan(source, target, width))
    with folder:
        names: dict[str, Any] = {"__name__": "a_compiled_program", "__file__": str(bundle.script)}
        exec(compile(bundle.script.read_text(), str(bundle.script), "exec"), names)
        yield names


def run(names: dict[str, Any], engine: Any, items: int | dict | None = None) -> dict[tuple[str, str], list[Any]]:
    """Run a program on its engine (a module of d4p with an `ENGINE`), outputs and all; its results, read. `items` are
    how many the roots get, or those that each gets."""
    workflow = names["workflow"]
    given = [] if items is None else ["-i", str(items)] if isinstance(items, int) else ["-d", json.dumps(items)]
    arguments = program_options("").parse_args(given)
    with tempfile.TemporaryDirectory(prefix="d4p-benchmark-") as folder, mock.patch.dict(os.environ, D4P_SPOOL=folder):
        with contextlib.redirect_stdout(io.StringIO()):
            run_program(names["main"], workflow, engine.ENGINE, arguments, Events())
        return {key: list(items) for key, items in Results(folder, unconnected(workflow)).items()}
