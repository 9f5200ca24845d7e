"""Memory near its limit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..folder import Run
from ..shares import Shares
from ..sizes import size
from .found import Verdict, percent

#: Of the memory that there is: of more a little more data may end the run, and the system has none for files.
NEAR = 0.85


def memory(run: Run, shares: Shares) -> Iterator[Verdict]:
    """The processes of a machine that took nearly all that they may, with whose instances took most."""
    limit = (run.about.get("machine") or {}).get("memory")
    if not limit:
        return
    peaks: dict[str, dict[int, int]] = defaultdict(dict)
    whose: dict[tuple[str, int], set[int]] = defaultdict(set)
    for stage in shares.stages:
        for each in stage.instances:
            if each.peak and each.process is not None:
                peaks[each.host][each.process] = max(each.peak, peaks[each.host].get(each.process, 0))
                whose[each.host, each.process].add(stage.number)
    for host, found in peaks.items():
        total = sum(found.values())
        if total < NEAR * limit:
            continue
        process = max(found, key=lambda each: found[each])
        stages = [stage for stage in shares.stages if stage.number in whose[host, process]]
        most = f"{' and '.join(stage.title for stage in stages[:3])} took {size(found[process])} in one process"
        yield Verdict(
            "memory", f"memory was {percent(total / limit)} full: {size(total)} of {size(limit)} on {host}; {most}",
            stages[0].number if len(stages) == 1 else None,
            ("hold less at once: hand items on rather than keep them; keep sums rather than lists of items",
             "fewer instances at once (-n), or more memory: a job's (--mem), another machine's, that of several (mpi)"))
        return
