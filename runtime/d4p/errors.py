"""What goes wrong, as exceptions that carry the exit status of the command line.

Every message says what must be, what came, what exists and what to do.
"""

from __future__ import annotations


class D4pError(Exception):
    """Base of all errors that are meant for the user; printed without a traceback of ours."""

    exit_status = 1


class Refused(D4pError):
    """The workflow, its input or a setting makes no sense: refused before any engine starts."""

    exit_status = 2


class RunFailed(D4pError):
    """The run started and failed."""

    exit_status = 1


class WorkerLost(RunFailed):
    """A worker died, or the engine gave up: nothing that the workflow did. What is whole stays for --resume."""


class SaidElsewhere(RunFailed):
    """The run failed, and another of its processes says so."""


class ControlFlow(BaseException):
    """What goes through a PE's own code on its way to the engine: not an Exception, so that a PE doesn't take it for
    its own, and no failure of the PE."""


class Interrupted(KeyboardInterrupt):
    """A signal came that ends the program: no failure of the PE that was at work, as a KeyboardInterrupt is that a PE
    raises itself."""


#: What a PE may let through that isn't its own; anything else that it raises fails the run.
ENGINES_OWN = (ControlFlow, Interrupted)
