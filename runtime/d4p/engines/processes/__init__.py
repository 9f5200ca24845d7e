"""The processes engine: each instance of a stage in a process of its own, joined by bounded pipes."""

from d4p.engines.processes.run import Run, execute

__all__ = ["Run", "execute"]

execute.a_core_each = execute.watched = True
