"""What handing items over costs: packing them, and so many of them."""

from __future__ import annotations

from collections.abc import Iterator

from ..folder import Run
from ..shares import Shares
from .found import MUCH, SHORT, Verdict, command, percent, said

#: Of all work that goes in packing and unpacking.
PACKED = 0.5
#: Items of fewer bytes are small, if all work for one that is handed over takes fewer seconds of the CPU, and not far
#: more by the clock, where other programs are at work too: to hand it over takes some microseconds itself.
SMALL_BYTES, SMALL_CPU, SMALL_SECONDS = 256, 25e-6, 100e-6
#: So many of them, and for each second of the run.
MANY, A_SECOND = 100_000, 5_000
#: Of its life that the busiest stage must be at work.
AT_WORK = 0.4


def packing(run: Run, shares: Shares) -> Iterator[Verdict]:
    """More work in packing items than in what is done to them."""
    if shares.working < SHORT:
        return
    busy, packed = _busy(shares), sum(stage.part("packing", "unpacking") for stage in shares.stages)
    if packed >= PACKED * busy and busy >= MUCH * shares.working and not 0 < _size(shares) < SMALL_BYTES:
        sizes = {edge: found.get("bytes") or 0 for edge, found in shares.edges.items()}
        most = max(sizes, key=lambda edge: sizes[edge], default="")
        yield Verdict(
            "packing", f"packing and unpacking items takes {percent(packed / busy)} of all work, most of it on {most}",
            None, ("write arrays, or rows of plain numbers and texts, rather than lists and dicts of objects",
                   f"have the PEs in one process: {_together(run)}, or a partition"))  # fmt: skip


def small_items(run: Run, shares: Shares) -> Iterator[Verdict]:
    """Items so small, and so many, that to hand them over takes as long as what is done to them."""
    if shares.working < SHORT:
        return
    crossed = {edge: found["items"] for edge, found in shares.edges.items() if found.get("bytes")}
    count, busy = sum(crossed.values()), _busy(shares)
    cpu = sum(stage.busy if stage.cpu is None else min(stage.busy, stage.cpu) for stage in shares.stages)
    if count < max(MANY, A_SECOND * shares.working) or _size(shares) >= SMALL_BYTES:
        return
    if cpu > SMALL_CPU * count or busy > SMALL_SECONDS * count:
        return
    if max(stage.share("busy") for stage in shares.stages) < AT_WORK:
        return
    most = max(crossed, key=lambda edge: crossed[edge])
    yield Verdict(
        "small_items", f"items are small: {count:,} of about {_size(shares):.0f} bytes are handed over, and all work "
        f"for one is {1e6 * cpu / count:.1f} microseconds, {said(cpu)} together; most cross {most}", None,
        (f"PEs together, in one process: {_together(run)}",
         "write many of them as one item: a list, a batch, an array",
         "if they are summed, counted or the like: the library's aggregates combine before the exchange (d4p help "
         "pes)"))  # fmt: skip


def _together(run: Run) -> str:
    """The command that fuses what the run had apart: where its sources are one instance each it is enough to say so,
    and what is read by several isn't fused with what has a key unless all is one instance."""
    fed = {channel["to"][0] for channel in run.plan.get("channels", ())}
    sources = [pe for pe in run.plan.get("pes", ()) if pe["name"] not in fed and not pe.get("inputs")]
    return command(run, "--fuse" if all(pe.get("instances") == 1 for pe in sources) else "-n 1")


def _busy(shares: Shares) -> float:
    return sum(stage.busy for stage in shares.stages)


def _size(shares: Shares) -> float:
    """The bytes of an item that is handed over, on average; 0 where that isn't known."""
    found = [each for each in shares.edges.values() if each.get("bytes") and each.get("items")]
    return sum(each["bytes"] for each in found) / max(1, sum(each["items"] for each in found))
