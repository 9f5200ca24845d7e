"""d4p_compile: a compiler for dispel4py workflows. One graph, every engine."""

from d4p import __version__

from .api import Source, compile, load, plan, run  # noqa: A004

__all__ = ["Source", "__version__", "compile", "load", "plan", "run"]
