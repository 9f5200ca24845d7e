"""What the sections of a run's page are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .folder import Run
from .shares import Shares
from .verdict import Verdict


@dataclass(frozen=True)
class Seen:
    """What sections are made of."""

    run: Run
    shares: Shares
    verdicts: list[Verdict]

    @property
    def limits(self) -> int | None:
        """The stage that limits the run."""
        return self.verdicts[0].stage if self.verdicts else None

    @property
    def mark(self) -> tuple[int, str] | None:
        """The stage that a picture is to mark, and with which words."""
        return marked(self.run, self.limits)


def marked(run: Run, limits: int | None) -> tuple[int, str] | None:
    """The stage that limits a run, or whose PE it failed in."""
    if limits is not None:
        return limits, "limits the run"
    pe = (run.about.get("cause") or {}).get("pe")
    found = (stage["number"] for stage in run.plan.get("stages", ()) if pe in stage["pes"])
    return next(((number, f"failed in {pe}") for number in found), None) if isinstance(pe, str) else None


Section = Callable[[Seen], Iterator[str]]
