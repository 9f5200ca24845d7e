"""A PE that works late, since it takes its items in order."""

from __future__ import annotations

from collections.abc import Iterator

from ..folder import Run
from ..shares import Instance, Shares, Stage
from .found import SHORT, Verdict, percent, said

#: Of the run, that a PE held items for order, and worked when all that sends to it had ended: so much shorter it may be
#: where it works on them as they come.
LATE = 0.25
#: Of a stage's life that it held items, to be told of where it limits the run anyway.
HELD = 0.1


def held_for_order(run: Run, shares: Shares) -> Iterator[Verdict]:
    """A PE that had items and waited for their turn, and worked on them when the run could have been over."""
    if shares.working < SHORT:
        return
    for stage in shares.stages:
        late = [(min(each.seconds.get("held", 0.0), after), each) for each in stage.instances
                if (after := _after_all(run, shares, stage, each)) is not None]
        most, each = max(late, key=lambda found: found[0], default=(0.0, None))
        pes = in_order(run, shares, stage)
        if each is None or most < LATE * shares.working or not pes:
            continue
        who = stage.title if len(stage.instances) == 1 else f"instance {each.number} of {stage.title}"
        yield Verdict(
            "held_for_order", f"{who} held items for order for {said(each.seconds['held'])}, "
            f"{percent(each.seconds['held'] / each.life)} of its time, and was at work for {said(each.of('busy'))}, "
            "much of it when all that sends to it had ended", stage.number,
            (any_order(pes), *_unlike(run, shares, stage)),
            pes[0] if len(pes) == 1 and pes[0] in stage.pes else None)


def in_order(run: Run, shares: Shares, stage: Stage) -> list[str]:
    """The PEs for whose sake a stage takes its items in order: its own, and those further on."""
    stages, tells = [stage], []
    for each in stages:  # grows
        stages += [found for found in shares.behind(run, each) if found not in stages]
        tells += each.pes
    return [pe["name"] for pe in run.plan.get("pes", ())
            if pe["name"] in tells and pe.get("keeps_state") and not pe.get("any_order")]


def any_order(pes: list[str]) -> str:
    """What would have nobody wait for the sake of some PEs."""
    whose = "its class" if len(pes) == 1 else "their classes"
    return (f"if what {' and '.join(pes)} gives doesn't depend on the order of items (a count, a sum of whole numbers, "
            f"a maximum): `any_order = True` in {whose}, and items are taken as they come")


def _after_all(run: Run, shares: Shares, stage: Stage, instance: Instance) -> float | None:
    """For how long an instance lived when all those that send to its stage had ended; None where that isn't known."""
    ends = [each.end for before in shares.before(run, stage) for each in before.instances]
    known = [end for end in ends if end is not None]
    if instance.end is None or not known or len(known) < len(ends):
        return None
    return min(max(0.0, instance.end - max(known)), instance.of("busy"))


def _unlike(run: Run, shares: Shares, stage: Stage) -> Iterator[str]:
    """Of those that send to it, one that was late."""
    for before in shares.before(run, stage):
        if len(before.instances) > 1 and before.skew >= 2:
            yield (f"items cost {before.title} unlike much: write smaller ones, so that none is waited for by so many")
