"""dispel4py.new.dynamic_redis and its like: engines of dispel4py's successors; says which targets there are."""

from __future__ import annotations

from typing import Any

from d4p.compat.finder import refuse_while_loading
from d4p.errors import Refused


def process(workflow: Any, inputs: Any = None, args: Any = None) -> None:
    """Refused, always: there is no such target here."""
    refuse_while_loading("process of another engine of dispel4py")
    raise Refused("d4p has no dynamic, Redis or ZeroMQ target; run the workflow's file with `d4p run FILE --target"
                  " processes` (`d4p targets` lists all)")
