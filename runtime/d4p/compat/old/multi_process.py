"""dispel4py.new.multi_process: says how the workflow is run on that target."""

from __future__ import annotations

from typing import Any

from d4p.compat.finder import refuse_while_loading
from d4p.errors import Refused


def process(workflow: Any, inputs: Any = None, args: Any = None) -> None:
    """Refused, always: the target is started by `d4p run`."""
    refuse_while_loading("multi_process.process")
    raise Refused("multi_process.process does not start a run from Python; run the workflow's file with"
                  " `d4p run FILE --target processes`")
