"""What a target is: one object that says what it can, and has the functions that are its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d4p.frozen import dataclass
from d4p.host.threads import cores

from ..ir.capabilities import Capabilities
from ..ir.plan import Plan

if TYPE_CHECKING:
    from d4p.host.runfolder import RunFolder


@dataclass(frozen=True)
class Availability:
    """Whether a target runs on this machine, in detail what it has or lacks, and the command that puts it right."""

    runs: bool
    details: str
    remedy: str = ""


def _nothing(*_: Any) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Target:
    """A target, as its module has it under the name TARGET.

    Attributes:
        name: as it is given with `--target`; `what` is for titles, `needs` what it needs to run, in words.
        can: what it can do.
        program: of a plan: the text of the script.
        command: of the script: the words that run it here; `shown` the same as one would type it.
        available: whether it runs on this machine.
        environment: of a bundle and a run's folder: what `d4p run` adds to the program's environment.
        extras: of a plan and the bundle's folder: `{name: text}` of what else goes into the bundle.
        launched: something else starts its programs, which hands no open files on and has an exit status of its own.
        checks: every item is seen in one process, so that `--check` can look after what PEs wrote.
        here: its programs stay on this machine, so that those of `d4p run` can import the runtime from where it lies.
        archive: the zip in a bundle by which the workflow's own modules go to other machines; "" where none do.
        width: how wide a run on this machine is where `-n` isn't given; None where that isn't known.
    """

    name: str
    what: str
    needs: str
    can: Capabilities
    program: Callable[[Plan], str]
    command: Callable[[Path], list[str]]
    available: Callable[[], Availability]
    shown: Callable[[Path], list[str]] | None = None
    environment: Callable[[Any, RunFolder], dict[str, str]] = _nothing
    extras: Callable[[Plan, Path], dict[str, str]] = _nothing
    launched: bool = False
    checks: bool = False
    here: bool = False
    archive: str = ""
    width: Callable[[], int | None] = cores

    def typed(self, script: Path) -> list[str]:
        """The command that runs the script, as one would type it."""
        return (self.shown or self.command)(script)
