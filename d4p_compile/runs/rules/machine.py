"""A machine whose cores are all busy."""

from __future__ import annotations

from collections.abc import Iterator

from ..folder import Run
from ..shares import Shares
from .found import SHORT, Verdict, outstanding, percent

#: Of all cores, and of their time: then the machine is the limit, and the PE that takes half of it the one to look at.
FULL, HALF = 0.85, 0.5


def machine(run: Run, shares: Shares) -> Iterator[Verdict]:
    """All cores of the one machine that the run is on are busy, and one stage is most of it."""
    cores = (run.about.get("machine") or {}).get("cores")
    cpu = [stage.cpu for stage in shares.stages]
    if shares.working < SHORT or not cores or len(cpu) < 2 or None in cpu or len(shares.hosts) > 1:
        return
    known = {stage: spent for stage, spent in zip(shares.stages, cpu, strict=True) if spent is not None}
    total, stage = sum(known.values()), max(known, key=lambda each: known[each])
    if total >= FULL * cores * shares.moving and known[stage] >= HALF * total:
        yield Verdict("machine", f"all {cores} cores are busy: {stage.title} takes {percent(known[stage] / total)} of "
                      "their time", stage.number, ("a machine of more cores, or several: mpi, spark",),
                      outstanding(stage))
