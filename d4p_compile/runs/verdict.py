"""What limited a run, in a sentence, with what would help. Each rule is a function; the first that finds something has
the verdict. Where nothing stands out none does.

The figures that a rule goes by stand beside it, with why they are these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .folder import Run
from .shares import Shares, Stage

#: Seconds for which items must have moved: of a shorter run no figure holds another time.
SHORT = 1.0
#: Of the run: a stage that takes less of it isn't what the run waits for.
MUCH = 0.6
#: Times as long as any other stage: of two that take about as long none is the one.
APART = 1.4
#: Times as long as the other instances of its PE: a chance of keys and cores makes half as much.
SKEWED = 3.0
#: Of a run: an engine that takes half of it to start is worth a word.
START = 0.5
#: Of a stage's work that goes in packing and unpacking.
PACKED = 0.5
#: Of all cores, and of their time: then the machine is the limit, and the PE that takes half of it the one to look at.
FULL, HALF = 0.85, 0.5


@dataclass(frozen=True)
class Verdict:
    """What limited a run.

    Attributes:
        rule: the name of the rule.
        sentence: what a user is told.
        stage: the number of the stage at fault, if it is one.
        remedies: what would help, each a sentence or a command to paste.
    """

    rule: str
    sentence: str
    stage: int | None = None
    remedies: tuple[str, ...] = ()


def verdicts(run: Run) -> list[Verdict]:
    """What the rules find, the first of them the verdict; none of a run that wasn't done, or was short."""
    shares = Shares(run)
    if run.state != "done" or not shares.stages:
        return []
    found = [verdict for rule in RULES for verdict in rule(run, shares)]
    return found[:1] + [each for each in found[1:] if each.stage is None or each.stage != found[0].stage]


def engine_start(run: Run, shares: Shares) -> Iterator[Verdict]:
    """An engine whose start is most of the run."""
    if shares.starting >= START * shares.seconds and shares.seconds >= SHORT:
        yield Verdict(
            "engine_start", f"starting the engine took {_s(shares.starting)} of {_s(shares.seconds)}; items moved for "
            f"{_s(shares.moving)}", None,
            (f"for so few data an engine that starts sooner: {_command(run, '--target processes')}",))  # fmt: skip


def skewed(run: Run, shares: Shares) -> Iterator[Verdict]:
    """One instance that has far more to do than the others of its PE, and that the run waits for."""
    if shares.moving < SHORT:
        return
    for stage in shares.stages:
        busiest = stage.busiest
        if stage.skew < SKEWED or busiest.of("busy") < MUCH * shares.moving or not _takes_most(stage, shares):
            continue
        items = sum(each.items for each in stage.instances)
        got = f", and got {_percent(busiest.items / items)} of its items" if items else ""
        yield Verdict(
            "skewed", f"{stage.title} is skewed: instance {busiest.number} was busy for {_s(busiest.of('busy'))}, "
            f"{stage.skew:.1f} times as long as the others{got}", stage.number, _against_skew(run, stage))  # fmt: skip


def _against_skew(run: Run, stage: Stage) -> tuple[str, ...]:
    by = [channel for channel in run.plan.get("channels", ()) if channel["to"][0] in stage.pes
          and channel["exchange"] == "hash"]  # fmt: skip
    if not by:
        return ("its items cost unlike much: write smaller ones, so that they can be shared out",)
    fields = ", ".join(str(field) for field in by[0]["fields"])
    return (f"group by a key of more values, or of more evenly spread ones, than [{fields}]",
            "if it sums, counts or the like: the library's aggregates combine before the exchange (d4p help pes)")


def limiting(run: Run, shares: Shares) -> Iterator[Verdict]:
    """The stage that the others wait for: followed from those that are blocked down to the first that is busy."""
    if shares.moving < SHORT:
        return
    stage = max(shares.stages, key=lambda each: each.least(shares.width))
    if not _takes_most(stage, shares) or stage.share("blocked") > stage.share("busy"):
        return
    busy = stage.busiest.share("busy")
    how = f"{_percent(busy)} busy" if len(stage.instances) == 1 else (
        f"its {len(stage.instances)} instances are {_percent(stage.share('busy'))} busy")  # fmt: skip
    yield Verdict("limiting", f"{stage.title} limits the run: {how}{_others(run, shares, stage)}", stage.number,
                  tuple(_for_more(run, shares, stage)))


def _takes_most(stage: Stage, shares: Shares) -> bool:
    """Whether a stage takes most of the run, and far more of it than any other."""
    least = stage.least(shares.width)
    others = max((each.least(shares.width) for each in shares.stages if each is not stage), default=0.0)
    alone = len(shares.stages) == 1 and len(stage.pes) > 1 and len(stage.instances) >= shares.width
    return least >= MUCH * shares.moving and least >= APART * others and not alone


def _others(run: Run, shares: Shares, stage: Stage) -> str:
    """Who waited for it: who sends to it and was blocked, or gets from it and had to wait."""
    near = [(channel["from"][0], channel["to"][0]) for channel in run.plan.get("channels", ())]
    before = [found for source, dest in near if dest in stage.pes and (found := shares.stage_of(source))]
    behind = [found for source, dest in near if source in stage.pes and (found := shares.stage_of(dest))]
    said = []
    for found, kind, how in ((before, "blocked", "waited for it to take items"),
                             (behind, "waiting", "waited for items")):
        others = [each for each in found if each is not stage]
        if others and (most := max(others, key=lambda each: each.share(kind))).share(kind) >= 0.3:
            said.append(f"{most.title} {how} {_percent(most.share(kind))} of its time")
    return f"; {' and '.join(said)}" if said else ""


def _for_more(run: Run, shares: Shares, stage: Stage) -> Iterator[str]:
    """What would make a stage faster, by why it has as many instances as it has."""
    packing = stage.part("packing", "unpacking")
    if packing >= PACKED * stage.busy:
        yield (f"packing and unpacking items is {_percent(packing / stage.busy)} of its work: write fewer and larger "
               "items (arrays rather than lists), or have the PEs in one process (a partition)")
    pes = {pe["name"]: pe for pe in run.plan.get("pes", ())}
    if len(stage.instances) == 1:
        yield from filter(None, (_single(pes.get(name, {}), len(stage.pes) > 1) for name in stage.pes))
    elif len(stage.instances) >= shares.width:
        yield f"it runs on all {shares.width} at once that the run may use: more of them (-n, more ranks or cores)"
    if run.about.get("target") == "sequential":
        yield f"all of it runs in one process: {_command(run, '--target processes')}"


def _single(pe: dict[str, Any], among_others: bool) -> str:
    """What the plan says would give a PE more than its one instance."""
    because, name, remedy = str(pe.get("because", "")), pe.get("name", ""), pe.get("remedy")
    if because == "root" and not among_others:
        return f"{name} is a root, which is one instance: leave the work to a PE behind it, or take a library reader"
    if because == "asked for":
        return f"{name} asks for one instance (numprocesses = 1): leave that out"
    why = f" ({pe['why']})" if pe.get("keeps_state") and pe.get("why") else ""
    return f"{name} is one instance, since it {because}{why}: it could be more with {remedy}" if remedy else ""


def packing(run: Run, shares: Shares) -> Iterator[Verdict]:
    """More work in packing items than in what is done to them."""
    if shares.moving < SHORT:
        return
    busy = sum(stage.busy for stage in shares.stages)
    packed = sum(stage.part("packing", "unpacking") for stage in shares.stages)
    if packed >= PACKED * busy and busy >= MUCH * shares.moving:
        sizes = {edge: found.get("bytes") or 0 for edge, found in shares.edges.items()}
        most = max(sizes, key=lambda edge: sizes[edge], default="")
        yield Verdict(
            "packing", f"packing and unpacking items takes {_percent(packed / busy)} of all work, most of it on {most}",
            None, ("write fewer and larger items, or have the PEs in one process (a partition)",))  # fmt: skip


def machine(run: Run, shares: Shares) -> Iterator[Verdict]:
    """All cores of the one machine that the run is on are busy, and one stage is most of it."""
    cores = (run.about.get("machine") or {}).get("cores")
    cpu = [stage.cpu for stage in shares.stages]
    if shares.moving < SHORT or not cores or len(cpu) < 2 or None in cpu or len(shares.hosts) > 1:
        return
    known = {stage: spent for stage, spent in zip(shares.stages, cpu, strict=True) if spent is not None}
    total, stage = sum(known.values()), max(known, key=lambda each: known[each])
    if total >= FULL * cores * shares.moving and known[stage] >= HALF * total:
        yield Verdict("machine", f"all {cores} cores are busy: {stage.title} takes {_percent(known[stage] / total)} of "
                      "their time", stage.number, ("a machine of more cores, or several: mpi, spark",))  # fmt: skip


Rule = Callable[[Run, Shares], Iterator[Verdict]]
#: In the order in which they are asked.
RULES: tuple[Rule, ...] = (engine_start, skewed, limiting, packing, machine)


def _command(run: Run, more: str) -> str:
    name = str(run.about.get("name") or "WORKFLOW")
    return f"d4p run {name}.py {more}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _s(seconds: float) -> str:
    return f"{seconds:.1f} s"
