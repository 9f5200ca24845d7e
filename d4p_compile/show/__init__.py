"""Plans for people and programs: text, JSON, Mermaid, dot, HTML."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

from d4p.errors import Refused

from ..ir.plan import SHOWN

FORMATS = {
    "text": "text:text", "json": "json:to_json", "mermaid": "mermaid:mermaid", "dot": "dot:dot", "html": "html:html",
}  # fmt: skip


def show(plan: Any, format: str) -> str:  # noqa: A002
    """A plan in one of `FORMATS`."""
    if format not in FORMATS:
        raise Refused(f"there is no format {format!r}: the formats are {', '.join(FORMATS)}")
    module, function = FORMATS[format].split(":")
    return getattr(importlib.import_module(f".{module}", __package__), function)(plan)


SHOWN.update({name: partial(show, format=name) for name in FORMATS})
