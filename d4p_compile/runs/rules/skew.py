"""One instance that has far more to do than the others of its PE, and that the run waits for."""

from __future__ import annotations

from collections.abc import Iterator

from ..folder import Run
from ..shares import Shares, Stage
from .found import SHORT, Verdict, percent, said, takes_most

#: Times as long as the other instances of its PE: a chance of keys and cores makes half as much.
SKEWED = 3.0


def skewed(run: Run, shares: Shares) -> Iterator[Verdict]:
    """One instance that has far more to do than the others of its PE; not where they take turns in one process."""
    if shares.working < SHORT or run.about.get("target") == "sequential":
        return
    for stage in shares.stages:
        busiest = stage.busiest
        if stage.skew < SKEWED or not takes_most(stage, shares):
            continue
        items = sum(each.items for each in stage.instances)
        got = f", and got {percent(busiest.items / items)} of its items" if items else ""
        yield Verdict(
            "skewed", f"{stage.title} is skewed: instance {busiest.number} was busy for {said(busiest.of('busy'))}, "
            f"{stage.skew:.1f} times as long as the others{got}", stage.number, _remedies(run, stage),
            stage.pes[0])  # fmt: skip


def _remedies(run: Run, stage: Stage) -> tuple[str, ...]:
    by = [channel for channel in run.plan.get("channels", ()) if channel["to"][0] in stage.pes
          and channel["exchange"] == "hash"]  # fmt: skip
    if not by:
        return ("its items cost unlike much: write smaller ones, so that they can be shared out",)
    free = {pe["name"] for pe in run.plan.get("pes", ()) if pe.get("keeps_state") is False}
    aside = [name for name in stage.pes[1:] if name in free]
    fields = ", ".join(str(field) for field in by[0]["fields"])
    apart = (f"if it is {' or '.join(aside)} that takes the time: `fuse = False` in its class, and items go to whoever "
             "is free, whatever their key",) if aside else ()  # fmt: skip
    return (*apart, f"group by a key of more values, or of more evenly spread ones, than [{fields}]",
            "if it sums, counts or the like: the library's aggregates combine before the exchange (d4p help pes)")
