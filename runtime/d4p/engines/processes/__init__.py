"""The processes engine: each instance of a stage in a process of its own, joined by bounded pipes."""

from d4p.engines.processes.run import Run, execute
from d4p.program.engine import Engine

__all__ = ["ENGINE", "Run"]

ENGINE = Engine("processes", execute, a_core_each=True, watched=True)
