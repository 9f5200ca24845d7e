"""The outputs of a run that has none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from d4p.errors import Refused
from d4p.outputs.writing import Writing
from d4p.record.place import new_run
from d4p.workflow.workflow import Workflow


def check_asked(output: str | None, *, overwrite: bool, resume: bool) -> None:
    """Raises Refused for what makes no sense whatever the workflow is, so that it needn't be imported for that: a place
    for --output that can be none, --overwrite with --resume."""
    if overwrite and resume:
        raise Refused("--overwrite starts afresh and --resume goes on with what is there: give one of them")
    if output is not None:
        from d4p.commit.folder import Folder

        Folder(output, "")


def nothing_to_resume(output: str) -> Refused:
    """What is said of --resume; `output` says that there is none."""
    return Refused("--resume goes on with what an earlier run wrote, and this one writes nothing: it has no writer "
                   f"among its PEs, and {output}")


class Unwritten:
    """What `d4p.program.main.run` does about outputs, where a run writes none; for the arguments see `Outputs`."""

    missing = 0
    notes: list[str] = []
    written: list[str] = []

    def __init__(self, workflow: Workflow, *, resume: bool, spooled: bool, program: str) -> None:
        self.run, self._workflow = new_run(), workflow
        self.resume, self._spooled, self._program = resume, spooled, program

    def begin(self, identity: Callable[[], dict[str, Any]]) -> bool:
        """Raises Refused where something is to be resumed."""
        if self.resume:
            raise nothing_to_resume("no --output")
        return True

    def writing(self) -> Writing:
        """What instances must know."""
        return Writing(self.run, spooled=self._spooled, program=self._program,
                       on_error=self._workflow.writing.on_error)

    def beating(self) -> AbstractContextManager[None]:
        """Nobody is to be told that this run lives."""
        return nullcontext()

    def commit(self, reports: list[dict[str, Any]], missing: int) -> None:
        """Nothing is to be put in its place."""

    def abort(self, error: BaseException) -> None:
        """Nothing is left behind."""
