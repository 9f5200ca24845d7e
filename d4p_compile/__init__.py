"""d4p_compile: a compiler for dispel4py workflows. One graph, every engine.

`plan`, `run`, `compile` and `load` are the command's counterparts; `d4p help python` shows them at work, and
`help(d4p)` is about what a workflow imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from d4p import __version__
from d4p.errors import Refused, RunFailed

if TYPE_CHECKING:
    from .api import Source, compile, load, plan, run  # noqa: A004

__all__ = ["Refused", "RunFailed", "Source", "__version__", "compile", "load", "plan", "run"]


def __getattr__(name: str) -> Any:
    """The API is imported when it is used: `d4p --help` needs none of it."""
    if name in __all__:
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """What is imported when it is used, too: `help(d4p_compile)` shows it."""
    return sorted({*globals(), *__all__})
