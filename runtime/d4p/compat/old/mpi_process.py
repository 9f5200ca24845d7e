"""dispel4py.new.mpi_process: says how the workflow is run instead."""

from __future__ import annotations

from typing import Any

from d4p.compat.finder import refuse_while_loading
from d4p.errors import Refused


def process(workflow: Any, inputs: Any = None, args: Any = None) -> None:
    """Refused, always: the target is started by `d4p run`."""
    refuse_while_loading("mpi_process.process")
    raise Refused("mpi_process.process does not start a run from Python; run the workflow's file with"
                  " `d4p run FILE --target mpi`")
