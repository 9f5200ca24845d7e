"""The stage that the others wait for, and the PE in it that takes most of its work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..folder import Run
from ..shares import Shares, Stage
from .found import SHORT, Verdict, command, outstanding, percent, takes_most
from .order import HELD, any_order, in_order

#: Of a stage's work that goes in packing and unpacking, so that it is worth a word.
PACKED = 0.5
#: Of a stage's work that the CPU is at: of less it waits for a disk, a network or another program.
IDLE = 0.3
#: Of its work that no core was free for it, to be told of: the rest is then its own.
DELAYED = 0.3
#: Of the life of the others that they waited or were blocked, to be told of; of one that is blocked, to be followed.
WAITED = 0.3
#: Of the looks at a channel at which something waited in it, so that it is called full; and how many looks.
FULL, LOOKS = 0.8, 4


def limiting(run: Run, shares: Shares) -> Iterator[Verdict]:
    """The stage that the others wait for: followed from those that are blocked down to the first that is busy."""
    if shares.working < SHORT:
        return
    stage = culprit(run, shares)
    if not takes_most(stage, shares) or stage.share("blocked") > stage.share("busy"):
        return
    pe = outstanding(stage)
    if pe is None and len(shares.stages) == 1 and len(stage.instances) >= shares.width:
        return
    busy = stage.busiest.share("busy")
    how = f"{percent(busy)} busy" if len(stage.instances) == 1 else (
        f"its {len(stage.instances)} instances are {percent(stage.share('busy'))} busy")  # fmt: skip
    who = stage.title
    if pe is not None and len(stage.pes) > 1:
        who, how = pe, f"{percent(stage.inside[pe])} of the work of {stage.title}, which is {how}" if len(
            stage.instances) == 1 else f"{percent(stage.inside[pe])} of the work of {stage.title}: {how}"  # fmt: skip
    yield Verdict("limiting", f"{who} limits the run: {how}{_others(run, shares, stage)}", stage.number,
                  tuple(_for_more(run, shares, stage, pe)), pe)


def culprit(run: Run, shares: Shares) -> Stage:
    """From the stage that is most blocked down the edges to the busiest behind it, as long as that is blocked itself;
    where that isn't the one that takes most of the run, or none is blocked, the one that does."""
    most = max(shares.stages, key=lambda each: each.least(shares.width))
    stage = max(shares.stages, key=lambda each: each.share("blocked"))
    seen = {stage}
    while stage.share("blocked") >= max(WAITED, stage.share("busy")):
        behind = [found for found in shares.behind(run, stage) if found not in seen]
        if not behind:
            break
        stage = max(behind, key=lambda each: each.least(shares.width))
        seen.add(stage)
    return stage if takes_most(stage, shares) else most


def _others(run: Run, shares: Shares, stage: Stage) -> str:
    """Who waited for it: who sends to it and was blocked, or gets from it and had to wait; whether its channel was
    full."""
    told = []
    for found, kind, how in ((shares.before(run, stage), "blocked", "waited for it to take items"),
                             (shares.behind(run, stage), "waiting", "waited for items")):
        if found and (most := max(found, key=lambda each: each.share(kind))).share(kind) >= WAITED:
            told.append(f"{most.title} {how} {percent(most.share(kind))} of its time")
    looks = [row[4]["waits"] > 0 for sample in run.samples for row in sample.get("instances", ())
             if len(row) > 4 and row[0] == stage.number and isinstance(row[4], dict) and row[4].get("at")
             and isinstance(row[4].get("waits"), int)]  # fmt: skip
    if len(looks) >= LOOKS and sum(looks) >= FULL * len(looks):
        told.append(f"items waited for it at {percent(sum(looks) / len(looks))} of all looks")
    return f"; {' and '.join(told)}" if told else ""


def _for_more(run: Run, shares: Shares, stage: Stage, pe: str | None) -> Iterator[str]:
    """What would make a stage faster, by what it does and by why it has as many instances as it has."""
    packing = stage.part("packing", "unpacking")
    if packing >= PACKED * stage.busy:
        yield (f"packing and unpacking items is {percent(packing / stage.busy)} of its work: write fewer and larger "
               "items (arrays rather than lists), or have the PEs in one process (a partition)")
    several = len(stage.instances) > 1
    late = stage.delayed >= DELAYED * stage.busy
    if late:
        yield (f"for {percent(min(1.0, stage.delayed / stage.busy))} of that it could have worked, but no core was "
               "free: the machine had much else to do, or more instances (-n) than cores")
    elif stage.cpu is not None and stage.cpu < IDLE * stage.busy:
        yield (f"the CPU is at work for {percent(stage.cpu / stage.busy)} of that: it waits for a disk, a network or "
               f"another program" + (f", which more instances than cores can do side by side: "
                                     f"{command(run, f'-n {4 * shares.width}')}" if several else ""))
    held, life = stage.part("held"), sum(each.life for each in stage.instances)
    if held >= HELD * life and (ordered := in_order(run, shares, stage)):
        yield f"it held items for order {percent(held / life)} of its time: {any_order(ordered)}"
    pes = {each["name"]: each for each in run.plan.get("pes", ())}
    if not several:
        of = [pe] if pe is not None else stage.pes
        yield from filter(None, (_single(pes.get(name, {}), len(of) > 1) for name in of))
    elif len(stage.instances) >= shares.width and not late:
        yield f"it runs on all {shares.width} at once that the run may use: more of them (-n, more ranks or cores)"
    if run.about.get("target") == "sequential":
        yield f"all of it runs in one process: {command(run, '--target processes')}"
    elif pe is not None and len(stage.pes) > 1 and not several:
        yield f"{pe} could have a process of its own: a partition of the graph (d4p help workflow)"


def _single(pe: dict[str, Any], among_others: bool) -> str:
    """What the plan says would give a PE more than its one instance."""
    because, name, remedy = str(pe.get("because", "")), pe.get("name", ""), pe.get("remedy")
    if because == "root" and among_others:
        return f"{name} is a root, which is one instance: it could be more with a library reader"
    if because == "root":
        return f"{name} is a root, which is one instance: leave the work to a PE behind it, or take a library reader"
    if because == "asked for":
        return f"{name} asks for one instance (numprocesses = 1): leave that out"
    why = f" ({pe['why']})" if pe.get("keeps_state") and pe.get("why") else ""
    return f"{name} is one instance, since it {because}{why}: it could be more with {remedy}" if remedy else ""
