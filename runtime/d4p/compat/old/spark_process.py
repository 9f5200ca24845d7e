"""dispel4py.new.spark_process: says how the workflow is run on that target."""

from __future__ import annotations

from typing import Any

from d4p.compat.finder import refuse_while_loading
from d4p.errors import Refused


def process(sc: Any, workflow: Any, inputs: Any = None, args: Any = None) -> None:
    """Refused, always: the target is started by `d4p run`."""
    refuse_while_loading("spark_process.process")
    raise Refused("spark_process.process does not start a run from Python; run the workflow's file with"
                  " `d4p run FILE --target spark`")
